import { type Clock } from '../../common/clock.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

interface Group {
  readonly keys: ChunkKey[];
  /** When the last of its pins ends by itself. */
  untilMs: number;
}

/** Which pins belong together, until they end. */
export class PinGroups {
  readonly #groups = new Map<string, Group>();

  constructor(private readonly clock: Clock) {}

  /** These keys were pinned once each, for so long. */
  add(name: string, keys: readonly ChunkKey[], timeoutMs: number): void {
    if (keys.length === 0) return;
    this.#forgetEnded();
    const untilMs = this.clock.nowMs() + timeoutMs;
    const group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, { keys: [...keys], untilMs });
    else {
      group.keys.push(...keys);
      group.untilMs = Math.max(group.untilMs, untilMs);
    }
  }

  /** The keys of a group, one for each pin; there is no such group any more. */
  take(name: string): readonly ChunkKey[] {
    this.#forgetEnded();
    const keys = this.#groups.get(name)?.keys ?? [];
    this.#groups.delete(name);
    return keys;
  }

  sizes(): ReadonlyMap<string, number> {
    this.#forgetEnded();
    return new Map(Array.from(this.#groups, ([name, { keys }]) => [name, keys.length]));
  }

  #forgetEnded(): void {
    const nowMs = this.clock.nowMs();
    for (const [name, { untilMs }] of this.#groups) if (untilMs <= nowMs) this.#groups.delete(name);
  }
}
