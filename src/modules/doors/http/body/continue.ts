import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';

const waiting = new WeakSet<IncomingMessage>();

/** Lets handlers decide when a client that sent `Expect: 100-continue` may send its body. */
export function holdContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
    server.emit('request', request, response);
  });
}

/** Asks for the body, if the client waits to be asked. */
export function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (waiting.delete(request)) response.writeContinue();
}

/** Whether the client still waits: after a final answer it may or may not send its body, so the connection ends. */
export function waitsForContinue(request: IncomingMessage): boolean {
  return request.headers.expect !== undefined && waiting.has(request);
}
