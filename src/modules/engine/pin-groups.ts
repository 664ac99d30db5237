import { type Clock } from '../../common/clock.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

interface Pinned {
  readonly key: ChunkKey;
  pins: number;
  /** When the last of its pins ends by itself: they end together. */
  untilMs: number;
}

/** Few enough to be looked at whenever there are so many. */
const FIRST_LOOK = 64;

/** Which pins belong together, until they end. */
export class PinGroups {
  readonly #groups = new Map<string, Map<string, Pinned>>();
  /** Keys in all groups, those included whose pins have ended since the last look. */
  #size = 0;
  /** So many keys are looked through for those whose pins have ended. */
  #nextLook = FIRST_LOOK;

  constructor(private readonly clock: Clock) {}

  /** These keys were pinned once each, for so long. */
  add(name: string, keys: readonly ChunkKey[], timeoutMs: number): void {
    if (keys.length === 0) return;
    const nowMs = this.clock.nowMs();
    const group = this.#groups.get(name) ?? new Map<string, Pinned>();
    this.#groups.set(name, group);
    this.#size -= group.size;
    for (const key of keys) pinOnce(group, key, nowMs, nowMs + timeoutMs);
    this.#size += group.size;
    if (this.#size >= this.#nextLook) this.#forgetEnded();
  }

  /** The keys of a group, one for each pin; there is no such group any more. */
  take(name: string): readonly ChunkKey[] {
    this.#forgetEnded();
    const group = this.#groups.get(name) ?? new Map<string, Pinned>();
    this.#groups.delete(name);
    this.#size -= group.size;
    return Array.from(group.values()).flatMap(({ key, pins }) => new Array<ChunkKey>(pins).fill(key));
  }

  sizes(): ReadonlyMap<string, number> {
    this.#forgetEnded();
    return new Map(Array.from(this.#groups, ([name, group]) => [name, pinsOf(group)]));
  }

  #forgetEnded(): void {
    const nowMs = this.clock.nowMs();
    for (const [name, group] of this.#groups) {
      for (const [id, { untilMs }] of group) {
        if (untilMs > nowMs) continue;
        group.delete(id);
        this.#size--;
      }
      if (group.size === 0) this.#groups.delete(name);
    }
    this.#nextLook = Math.max(FIRST_LOOK, 2 * this.#size);
  }
}

function pinOnce(group: Map<string, Pinned>, key: ChunkKey, nowMs: number, untilMs: number): void {
  const pinned = group.get(key.id);
  if (pinned === undefined || pinned.untilMs <= nowMs) group.set(key.id, { key, pins: 1, untilMs });
  else {
    pinned.pins++;
    pinned.untilMs = Math.max(pinned.untilMs, untilMs);
  }
}

function pinsOf(group: ReadonlyMap<string, Pinned>): number {
  let pins = 0;
  for (const pinned of group.values()) pins += pinned.pins;
  return pins;
}
