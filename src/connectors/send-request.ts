import { type Socket } from 'node:net';

/**
 * Sends these bytes as one. They must not change until the socket is done with them.
 *
 * @param onSent when it is: that may be after the answer has come. Never when the connection is lost before.
 */
export function sendRequest(socket: Socket, request: readonly Uint8Array[], onSent: () => void): void {
  socket.cork();
  const last = request.length - 1;
  for (const bytes of request.slice(0, last)) socket.write(bytes);
  socket.write(request[last] as Uint8Array, (error) => {
    if (error === null || error === undefined) onSent();
  });
  socket.uncork();
}
