import { all, chain, type Awaitable } from '../../common/awaitable.js';
import { type Clock } from '../../common/clock.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type TierStack } from '../tiers/tier-stack.js';
import { PinGroups } from './pin-groups.js';

/** What is kept from eviction, and which pins belong together. */
export class Pins {
  readonly #groups: PinGroups;

  constructor(
    private readonly stack: TierStack,
    clock: Clock,
  ) {
    this.#groups = new PinGroups(clock);
  }

  pin(keys: readonly ChunkKey[], timeoutMs: number, group?: string): Awaitable<readonly boolean[]> {
    const pinned = all(keys.map((key) => this.stack.pin(key, timeoutMs)));
    if (group === undefined) return pinned;
    return chain(pinned, (flags) => {
      const found = keys.filter((_, index) => flags[index] === true);
      this.#groups.add(group, found, timeoutMs);
      return flags;
    });
  }

  unpin(keys: readonly ChunkKey[]): Awaitable<readonly boolean[]> {
    return all(keys.map((key) => this.stack.unpin(key)));
  }

  unpinGroup(group: string): Awaitable<number> {
    return chain(this.unpin(this.#groups.take(group)), (ended) => ended.filter(Boolean).length);
  }

  groups(): ReadonlyMap<string, number> {
    return this.#groups.sizes();
  }
}
