import { AS_PUT, type ChunkForm, type ChunkLoss, formNumber, formOf } from '../chunk-form/chunk-form.js';
import { frameError } from './frame.js';

/** In the hello of a client that keeps what it is told here. Who reads chunks for others and does not is given none that has lost something. */
export const LOSS_CAPABILITY = 'loss';

/** What is told of the form of a chunk: its bytes come as they were put, or as a lossy codec has left them. */
export function lossByte(loss: ChunkLoss = AS_PUT.loss): number {
  return formNumber({ encoded: false, loss });
}

/** @returns nothing for a chunk that has lost nothing. @throws KV_TCP_FRAME */
export function readLossByte(byte: number): Partial<Pick<ChunkForm, 'loss'>> {
  const form = formOf(byte);
  if (form === undefined || form.encoded) throw frameError(`a chunk of the form ${byte}`);
  return form.loss === AS_PUT.loss ? {} : { loss: form.loss };
}
