import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { KeyOrder } from '../../../backends/key-order.js';
import { type ReadOutcome, type ReplaceOutcome } from '../../../backends/storage-backend.interface.js';
import { type BlockCodec } from '../../../codecs/block-codec.interface.js';
import { headerOf } from '../../../codecs/chunk-decoder.js';
import { ChunkEncoder } from '../../../codecs/chunk-encoder.js';
import { type CodecPlace } from '../../../codecs/codec-place.interface.js';
import { type ElementType, elementTypeOf, likelyElementType } from '../../../codecs/element-type.js';
import { type Awaitable } from '../../../common/awaitable.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { ChunkLoads } from '../chunk-loads.js';
import { type InFlightPuts } from '../in-flight-puts.js';
import { type ChunkForms } from './chunk-forms.js';
import { type RecodeOptions, type RecodeRefusal, type RecodeResult } from './recode.interface.js';

/** What another form must save of the one that is there: a sixteenth. */
const WORTHWHILE = 15 / 16;

type Refused = Exclude<RecodeResult['outcome'], 'recoded'>;

/** Why there is no other form, or what it takes the place of. */
interface Attempt {
  refused: Refused;
  bytesBefore: number;
}

/**
 * Brings chunks into another form where they are. A chunk is read without being used, and what was made of it takes its place unless it was
 * written meanwhile, as with a load that is promoted, or is there no more, which the tier knows.
 */
export class ChunkRecodes {
  compressedChunks = 0;
  decompressedChunks = 0;
  savedBytes = 0;
  readonly #encoder: ChunkEncoder;
  readonly #loads = new ChunkLoads();
  /** One form after the other. */
  readonly #order = new KeyOrder();

  constructor(
    private readonly inFlight: InFlightPuts,
    private readonly forms: ChunkForms,
    private readonly place: CodecPlace,
  ) {
    this.#encoder = new ChunkEncoder(place);
  }

  /** The key was written. */
  invalidate(key: ChunkKey): void {
    this.#loads.invalidate(key);
  }

  /** Resolves when none is being made any more. */
  settled(): Promise<void> {
    return this.#order.settled();
  }

  recode(key: ChunkKey, options: RecodeOptions): Promise<RecodeResult> {
    return this.#order.write([key], () => this.#recode(key, options));
  }

  async #recode(key: ChunkKey, options: RecodeOptions): Promise<RecodeResult> {
    const { tier } = options;
    // What is still being written is there when it has been.
    await this.inFlight.done(key);
    const attempt: Attempt = { refused: 'failed', bytesBefore: 0 };
    let replacing: Awaitable<ReplaceOutcome> | undefined;
    const made = await this.#loads.read(
      key,
      () => this.#make(key, options, attempt),
      (handle) => {
        replacing = tier.replace(handle);
      },
    );
    const { refused, bytesBefore } = attempt;
    if (typeof made === 'string') return { outcome: refused, bytesBefore, bytesAfter: bytesBefore };
    using handle = made;
    const replaced = replacing === undefined ? 'missing' : await replacing;
    if (replaced !== 'stored') {
      return { outcome: refusalOf(replaced), bytesBefore, bytesAfter: bytesBefore };
    }
    const { lengthBytes, form } = handle;
    this.savedBytes += bytesBefore - lengthBytes;
    if (form.encoded) this.compressedChunks++;
    else this.decompressedChunks++;
    return { outcome: 'recoded', bytesBefore, bytesAfter: lengthBytes };
  }

  /** The other form of a chunk; `miss`, where there is none: why, is in the attempt. */
  async #make(key: ChunkKey, options: RecodeOptions, attempt: Attempt): Promise<ReadOutcome> {
    const { tier, codec } = options;
    const found = await tier.ask<ReadOutcome>((backend) => backend.inPlace?.peek(key) ?? 'miss', 'miss');
    if (typeof found === 'string') return refuse(attempt, found === 'miss' ? 'missing' : found);
    using source = found;
    attempt.bytesBefore = source.lengthBytes;
    if (this.#codecOf(source) === codec?.name) return refuse(attempt, 'there');
    const plain = await this.forms.decode(source.retain());
    if (typeof plain === 'string') return refuse(attempt, plain === 'busy' ? 'busy' : 'corrupt');
    if (codec === undefined) return plain;
    using original = plain;
    const encoded = await this.#encode(original, codec, options.type);
    if (typeof encoded === 'string') return refuse(attempt, encoded);
    if (encoded.lengthBytes <= source.lengthBytes * WORTHWHILE) return encoded;
    encoded[Symbol.dispose]();
    return refuse(attempt, 'larger');
  }

  /** Name of the codec that a chunk is encoded with; undefined for one that is not. */
  #codecOf(chunk: ArenaHandle): string | undefined {
    if (!chunk.form.encoded) return undefined;
    const header = headerOf(chunk, this.place.crc32c);
    return typeof header === 'object' ? header.codec : header;
  }

  async #encode(
    original: ArenaHandle,
    codec: BlockCodec,
    given: ElementType | undefined,
  ): Promise<ArenaHandle | RecodeRefusal> {
    if (codec.maxError > 0) return this.#encodeLossy(original, codec, given);
    const encoded = await this.#encoder.encode(original, codec, likelyElementType(original));
    if (typeof encoded !== 'string') encoded.setAttributes({ encoded: true });
    return encoded;
  }

  async #encodeLossy(
    original: ArenaHandle,
    codec: BlockCodec,
    given: ElementType | undefined,
  ): Promise<ArenaHandle | RecodeRefusal> {
    const type = elementTypeOf(original.metadata) ?? given;
    if (type === undefined || !codec.takes(type)) return 'type';
    const { loss } = original.form;
    if (loss !== 'none' && loss !== codec.name) return 'loss';
    const encoded = await this.#encoder.encode(original, codec, type);
    if (typeof encoded === 'string') return encoded;
    if (loss === 'none' || this.#isExact(encoded, original)) {
      encoded.setAttributes({ encoded: true, loss: codec.name as typeof loss });
      return encoded;
    }
    encoded[Symbol.dispose]();
    return 'loss';
  }

  /** Whether nothing more is lost: what comes out of a lossy codec is mostly what it makes nothing else of. */
  #isExact(encoded: ArenaHandle, original: ArenaHandle): boolean {
    const header = headerOf(encoded, this.place.crc32c);
    return typeof header === 'object' && header.checksum === original.checksum;
  }
}

function refuse(attempt: Attempt, why: Refused): 'miss' {
  attempt.refused = why;
  return 'miss';
}

function refusalOf(outcome: Exclude<ReplaceOutcome, 'stored'>): RecodeRefusal {
  if (outcome === 'missing') return 'changed';
  return outcome === 'rejected' ? 'larger' : outcome;
}
