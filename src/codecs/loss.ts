import { type ChunkForm } from '../protocols/chunk-form/chunk-form.js';
import { codecNamed } from './codecs.catalog.js';

/** What is told of a chunk that has lost something, as JSON. */
export interface LossJson {
  readonly codec: string;
  /** Largest error of a value, as a part of the largest magnitude among the 128 values around it. */
  readonly max_error: number;
}

/** @returns undefined for a chunk that has lost nothing. */
export function lossJson({ loss }: ChunkForm): LossJson | undefined {
  return loss === 'none' ? undefined : { codec: loss, max_error: codecNamed(loss)?.maxError ?? 1 };
}
