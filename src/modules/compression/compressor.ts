import { type Observable, ReplaySubject } from 'rxjs';
import { type BlockCodec } from '../../codecs/block-codec.interface.js';
import { codecNamed, CODECS } from '../../codecs/codecs.catalog.js';
import { type ElementType, elementTypeNamed } from '../../codecs/element-type.js';
import { KvError } from '../../common/errors/kv-error.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { chunkSteps } from '../jobs/chunk-steps.js';
import { type RecodeOptions, type RecodeResult } from '../tiers/forms/recode.interface.js';
import { type Tier } from '../tiers/tier.js';
import { tierNamed } from '../tiers/tier-named.js';
import { type TierStack } from '../tiers/tier-stack.js';
import {
  type CompressionProgress,
  type CompressRequest,
  type DecompressRequest,
} from './compression.interface.js';

/** Chunks on their way at a time: while one is written, another is encoded. */
const CONCURRENCY = 3;

/** Compresses and decompresses chunks where they are, on demand. */
export class Compressor {
  readonly #ended$ = new ReplaySubject<void>(1);

  constructor(private readonly stack: TierStack) {}

  /**
   * Begins when it is subscribed to, tells every step, and ends with the state `done`. Unsubscribing ends it between two chunks: each
   * changes whole or not at all.
   *
   * @throws KV_COMPRESS_OPTIONS, KV_CODEC_LOSS
   */
  compress(keys: readonly ChunkKey[], request: CompressRequest): Observable<CompressionProgress> {
    const tier = this.#tier(request.tier);
    const codec = codecFor(request);
    return this.#recode(keys, { tier, codec, type: typeFor(request) }, 'compressing');
  }

  /** As `compress`. @throws KV_COMPRESS_OPTIONS */
  decompress(keys: readonly ChunkKey[], request: DecompressRequest): Observable<CompressionProgress> {
    const tier = this.#tier(request.tier);
    return this.#recode(keys, { tier, codec: undefined, type: undefined }, 'decompressing');
  }

  /** Ends all that are under way. */
  close(): void {
    this.#ended$.next();
    this.#ended$.complete();
  }

  #recode(
    keys: readonly ChunkKey[],
    options: RecodeOptions,
    state: 'compressing' | 'decompressing',
  ): Observable<CompressionProgress> {
    const recoded = state === 'compressing' ? 'compressed' : 'decompressed';
    return chunkSteps<CompressionProgress, RecodeResult>(keys, {
      none: {
        ...{ state, total: keys.length, compressed: 0, decompressed: 0, there: 0, missing: 0, kept: 0 },
        ...{ reasons: {}, bytesBefore: 0, bytesAfter: 0 },
      },
      concurrency: CONCURRENCY,
      step: (key) => this.stack.recode(key, options),
      count: (progress, result) => {
        const { outcome, bytesBefore, bytesAfter } = result;
        const sized = {
          ...progress,
          bytesBefore: progress.bytesBefore + bytesBefore,
          bytesAfter: progress.bytesAfter + bytesAfter,
        };
        if (outcome === 'recoded') return { ...sized, [recoded]: progress[recoded] + 1 };
        if (outcome === 'there' || outcome === 'missing') {
          return { ...sized, [outcome]: progress[outcome] + 1 };
        }
        const reasons = { ...progress.reasons, [outcome]: (progress.reasons[outcome] ?? 0) + 1 };
        return { ...sized, kept: progress.kept + 1, reasons };
      },
      ended$: this.#ended$,
    });
  }

  #tier(name: string): Tier {
    const { tiers } = this.stack;
    const tier = tierNamed(tiers, name, 'KV_COMPRESS_OPTIONS');
    if (tier.backend.inPlace !== undefined) return tier;
    const able = tiers.filter(({ backend }) => backend.inPlace !== undefined);
    throw invalid(
      `the tier "${name}" keeps chunks only as they were put`,
      `Name one that does not: ${able.map((one) => one.name).join(', ') || 'there is none'}.`,
    );
  }
}

function codecFor({ codec: name, maxError }: CompressRequest): BlockCodec {
  const codec = codecNamed(name);
  if (codec === undefined) {
    throw invalid(
      `there is no codec ${JSON.stringify(name)}`,
      `Take one of ${CODECS.map((one) => one.name).join(', ')}.`,
    );
  }
  if (codec.maxError > 0 && !(maxError !== undefined && maxError >= codec.maxError)) {
    throw new KvError(
      'KV_CODEC_LOSS',
      `The codec ${name} brings values back with an error of up to ${codec.maxError} of the largest around them`,
      {
        kind: 'input',
        remedy: `Say that this is acceptable with max_error: ${codec.maxError}, or take zstd, which loses nothing.`,
        details: { maxError: codec.maxError },
      },
    );
  }
  return codec;
}

function typeFor({ dtype }: CompressRequest): ElementType | undefined {
  if (dtype === undefined) return undefined;
  const type = elementTypeNamed(dtype);
  if (type !== undefined) return type;
  throw invalid(`there is no type ${JSON.stringify(dtype)}`, 'Take float16, bfloat16 or float32.');
}

function invalid(what: string, remedy: string): KvError {
  return new KvError('KV_COMPRESS_OPTIONS', `Cannot compress or decompress: ${what}`, {
    kind: 'input',
    remedy,
  });
}
