import { type KvLayout, bytesPerToken, tensorsOf } from './kv-layout.ts';
import { type SequenceState, buildState } from './state-file.ts';
import { StateFormatError } from './state-error.ts';

/**
 * Cuts chunk `index` out of a state: for f16, `[2, layers, chunkTokens, width]`, the keys of every layer, then the
 * values. It is the same for every prompt that begins with these tokens.
 */
export function cutChunk(state: SequenceState, index: number, chunkTokens: number): Buffer {
  const pieces = tensorsOf(state.layout).map(({ rowBytes }, tensor) =>
    rowsOf(state.tensors[tensor], index * chunkTokens * rowBytes, chunkTokens * rowBytes),
  );
  return Buffer.concat(pieces);
}

/**
 * Joins the chunks of the first tokens of a prompt into a state file.
 * @returns its pieces, most of them views of the chunks.
 * @throws StateFormatError when a chunk has not the length that the layout asks for: loading it could crash the engine.
 */
export function joinChunks(
  tokens: readonly number[],
  layout: KvLayout,
  chunks: readonly Buffer[],
  chunkTokens: number,
): Buffer[] {
  const chunkBytes = chunkTokens * bytesPerToken(layout);
  const wrong = chunks.find((chunk) => chunk.length !== chunkBytes);
  if (wrong) throw new StateFormatError(`A chunk has ${wrong.length} bytes, not ${chunkBytes}`);
  let offset = 0;
  const rows = tensorsOf(layout).map(({ rowBytes }) => {
    const length = chunkTokens * rowBytes;
    const pieces = chunks.map((chunk) => rowsOf(chunk, offset, length));
    offset += length;
    return pieces;
  });
  return buildState(tokens.slice(0, chunks.length * chunkTokens), layout, rows);
}

function rowsOf(tensor: Buffer | undefined, offset: number, length: number): Buffer {
  if (!tensor || offset + length > tensor.length)
    throw new StateFormatError('The state has fewer tokens than asked for');
  return tensor.subarray(offset, offset + length);
}
