import { type FastifyReply } from 'fastify';

/**
 * Calls `done` once, when nothing of the reply can be read from memory any more: it was handed to the kernel, or the
 * connection is gone.
 */
export function whenReplied(reply: FastifyReply, done: () => void): void {
  const { raw } = reply;
  const { socket } = reply.request.raw;
  if (raw.destroyed || socket.destroyed) {
    done();
    return;
  }
  if (raw.socket !== null) {
    raw.once('close', done);
    return;
  }
  // A pipelined reply that still waits for its turn hears nothing of the end of its connection.
  const once = (): void => {
    raw.off('close', once);
    socket.off('close', once);
    done();
  };
  raw.once('close', once);
  socket.once('close', once);
}
