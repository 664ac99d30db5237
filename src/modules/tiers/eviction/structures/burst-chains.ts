import { PagedColumn } from '../../../../common/paged-column.js';

const NONE = 0;

/** Which burst goes on where another ends, in the same prefix: 8 bytes for each. Links are bursts plus one. */
export class BurstChains {
  readonly #deeper = new PagedColumn(Uint32Array);
  readonly #shallower = new PagedColumn(Uint32Array);

  get allocatedBytes(): number {
    return this.#deeper.allocatedBytes + this.#shallower.allocatedBytes;
  }

  /** The burst behind this one, -1 = none. */
  deeperThan(burst: number): number {
    return this.#deeper.get(burst) - 1;
  }

  /** What was behind the one, or in front of the other, is no longer. */
  link(shallower: number, deeper: number): void {
    this.#cut(this.#deeper, this.#shallower, shallower);
    this.#cut(this.#shallower, this.#deeper, deeper);
    this.#deeper.set(shallower, deeper + 1);
    this.#shallower.set(deeper, shallower + 1);
  }

  /** Takes a burst out: those around it are next to each other. */
  unlink(burst: number): void {
    const deeper = this.#deeper.get(burst);
    const shallower = this.#shallower.get(burst);
    if (deeper !== NONE) this.#shallower.set(deeper - 1, shallower);
    if (shallower !== NONE) this.#deeper.set(shallower - 1, deeper);
    this.#deeper.set(burst, NONE);
    this.#shallower.set(burst, NONE);
  }

  #cut(links: PagedColumn, backLinks: PagedColumn, burst: number): void {
    const other = links.get(burst);
    if (other !== NONE) backLinks.set(other - 1, NONE);
    links.set(burst, NONE);
  }
}
