import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type ReadOutcome } from '../../../backends/storage-backend.interface.js';
import { ChunkDecoder } from '../../../codecs/chunk-decoder.js';
import { type CodecPlace } from '../../../codecs/codec-place.interface.js';
import { type Awaitable } from '../../../common/awaitable.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { ChunkLoads } from '../chunk-loads.js';

/** Gives readers what was put, also where a tier has it encoded. */
export class ChunkForms {
  decodedChunks = 0;
  readonly #decoder: ChunkDecoder;
  /** Of chunks that tiers give at once: readers of one share it. */
  readonly #decodes = new ChunkLoads();

  constructor(place: CodecPlace) {
    this.#decoder = new ChunkDecoder(place);
  }

  /** The key was written: readers from now on do not join who decodes what was there. */
  invalidate(key: ChunkKey): void {
    this.#decodes.invalidate(key);
  }

  /** Resolves when nothing that tiers give at once is being decoded any more. */
  settled(): Promise<void> {
    return this.#decodes.settled();
  }

  /** @param outcome belongs to the callee. */
  read(outcome: ReadOutcome): Awaitable<ReadOutcome> {
    if (typeof outcome === 'string' || !outcome.form.encoded) return outcome;
    using kept = outcome;
    return this.#decodes.read(
      kept.key,
      () => this.decode(kept.retain()),
      () => undefined,
    );
  }

  /** As `read`, for a reader of its own. */
  async decode(outcome: ReadOutcome): Promise<ReadOutcome> {
    if (typeof outcome === 'string' || !outcome.form.encoded) return outcome;
    const decoded = await this.#decoder.decode(outcome);
    if (typeof decoded === 'string') return decoded;
    // It says that it is encoded, and is not.
    if (decoded === outcome) return disposed(decoded, 'corrupt');
    decoded.setAttributes({ encoded: false });
    this.decodedChunks++;
    return decoded;
  }
}

function disposed<T>(handle: ArenaHandle, outcome: T): T {
  handle[Symbol.dispose]();
  return outcome;
}
