import { type Socket } from 'node:net';

/** How long a server that was told the end may take to close, before it is not waited for any more. */
const END_MS = 60_000;

/** Tells the server that nothing more comes. It closes the connection when it is through with what it has. */
export function endSocket(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), END_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer)).end();
}
