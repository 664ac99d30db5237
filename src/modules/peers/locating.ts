import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type LocatedChunk, locatedBytes, type LocateOutcome } from '../../protocols/kvnest-tcp/locate.js';
import { type Asker } from './peer-owner.interface.js';
import { type PeerLeases } from './peer-leases.js';

/** Chunks that are read from a disk at a time, for one question. */
const READS = 4;
/** Longest answer: beyond it chunks are told to be busy. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Chunks that are found at once, before others get a turn. */
const TURN_CHUNKS = 256;

interface LocatingParts {
  readonly keys: readonly ChunkKey[];
  readonly asker: Asker;
  readonly knowsLoss: boolean;
  readonly leases: PeerLeases;
  readonly read: (key: ChunkKey) => Awaitable<ReadOutcome>;
}

/** One question of a peer: finds its chunks and holds them. It waits for no room, for it holds what others may wait for. */
export class Locating {
  readonly handles: ArenaHandle[] = [];
  readonly outcomes: LocateOutcome[];
  #next = 0;
  #answerBytes = 0;

  constructor(private readonly parts: LocatingParts) {
    this.outcomes = new Array<LocateOutcome>(parts.keys.length).fill('miss');
  }

  /** Resolves when all are found, or nobody waits any more. */
  async run(): Promise<void> {
    const lanes = Array.from({ length: Math.min(READS, this.parts.keys.length) }, () => this.#lane());
    await Promise.all(lanes);
  }

  /** Gives all back. */
  giveUp(): void {
    const { leases } = this.parts;
    for (const handle of this.handles.splice(0)) leases.letGo(handle);
  }

  async #lane(): Promise<void> {
    const { keys, asker, read } = this.parts;
    while (this.#next < keys.length && !asker.ended) {
      const index = this.#next++;
      const key = keys[index] as ChunkKey;
      const outcome = read(key);
      this.outcomes[index] = this.#hold(key, outcome instanceof Promise ? await outcome : outcome);
      if (index % TURN_CHUNKS === TURN_CHUNKS - 1) await nextTurn();
    }
  }

  #hold(key: ChunkKey, read: ReadOutcome): LocateOutcome {
    if (typeof read === 'string') return read === 'busy' ? 'busy' : 'miss';
    if (read.form.loss !== 'none' && !this.parts.knowsLoss) {
      read[Symbol.dispose]();
      return 'miss';
    }
    const place = placeOf(key, read);
    const answerBytes = this.#answerBytes + locatedBytes(place);
    if (answerBytes > MAX_ANSWER_BYTES || !this.parts.leases.tryHold(read)) {
      read[Symbol.dispose]();
      return 'busy';
    }
    this.#answerBytes = answerBytes;
    this.handles.push(read);
    return place;
  }
}

function placeOf({ d0, d1, d2, d3 }: ChunkKey, handle: ArenaHandle): LocatedChunk {
  const { slot, generation, lengthBytes, checksum, metadata, extents, attributes, form } = handle;
  const { expiresAtMs, depth } = attributes;
  return {
    slot,
    generation: generation >>> 0,
    digest: [d0, d1, d2, d3],
    lengthBytes,
    checksum,
    expiresAtMs,
    depth,
    loss: form.loss,
    metadata,
    extents,
  };
}
