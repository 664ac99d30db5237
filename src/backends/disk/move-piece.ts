import { PAGE_BYTES } from './disk-layout.js';
import { skipBytes, type TransferPiece } from './transfer-plan.js';

/** `readv` and `writev`. */
type Move = (
  fd: number,
  buffers: readonly Buffer[],
  position: number,
  moved: (error: Error | null, bytes: number) => void,
) => void;

/**
 * Moves a piece, in as many calls as the system takes for it.
 *
 * @param stuck why a call may move less than it should, and no more can be moved.
 */
export async function movePiece(
  fd: number,
  piece: TransferPiece,
  move: Move,
  stuck: () => Error,
): Promise<void> {
  let { buffers, position, bytes } = piece;
  for (;;) {
    const moved = await new Promise<number>((resolve, reject) =>
      move(fd, buffers, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      }),
    );
    if (moved === bytes) return;
    if (moved === 0 || (moved % PAGE_BYTES !== 0 && bytes % PAGE_BYTES === 0)) throw stuck();
    buffers = skipBytes(buffers, moved);
    position += moved;
    bytes -= moved;
  }
}
