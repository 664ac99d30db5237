import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';

/** What the SDK hands to a transport, as far as one is made here. */
interface TransportRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface TransportResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

interface TransportOptions {
  readonly maxSockets: number;
  /** PEM of the authorities that are trusted; undefined: the system's. */
  readonly ca: string | undefined;
}

/** There was no answer, or not all of one. */
export class TransportError extends Error {}

/** The longest answer that is no object: a page of 1,000 names, each of 1,024 bytes that are escaped. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** A connection that nobody used for so long is closed: a load balancer between may have forgotten it silently. */
const IDLE_MS = 15_000;

/**
 * HTTP as the SDK wants it, with a promise that its own transport does not make: a request with a stream for a body is
 * over only when the socket is done with the bytes of that stream, which may lie in the arena. What is taken back
 * settles at once, also while it waits for a socket.
 */
export class S3Transport {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor({ maxSockets, ca }: TransportOptions) {
    const options = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets, timeout: IDLE_MS };
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent({ ...options, ...(ca !== undefined && { ca }) });
  }

  handle(
    request: TransportRequest,
    { abortSignal }: { readonly abortSignal?: unknown } = {},
  ): Promise<{ response: TransportResponse }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ response: TransportResponse }>();
    const signal = abortSignal instanceof AbortSignal ? abortSignal : undefined;
    if (signal?.aborted === true) return Promise.reject(takenBack());
    const call = this.#send(request);
    let response: IncomingMessage | undefined;
    let answered: (() => void) | undefined;
    let failure = new TransportError('the connection was closed before there was a whole answer');
    const stop = (): void => {
      (response ?? call).destroy(takenBack());
      // Node tells of a request in the queue only when its turn comes.
      if (call.socket === null) reject(takenBack());
    };
    const fail = (error: Error): void => {
      failure = new TransportError(error.message, { cause: error });
    };
    signal?.addEventListener('abort', stop, { once: true });
    call.once('error', fail);
    call.once('response', (message: IncomingMessage) => {
      response = message.once('error', fail);
      if (isObject(request, message)) resolve({ response: answer(message, message) });
      else
        whole(message, (body) => {
          answered = () => resolve({ response: answer(message, body) });
          // Who answers before all of the request is there gets no more of it.
          if (call.writableFinished) answered();
          else call.destroy();
        });
    });
    call.once('close', () => {
      signal?.removeEventListener('abort', stop);
      answered?.();
      reject(failure);
    });
    return promise;
  }

  destroy(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #send({ protocol, hostname, port, method, path, query, headers, body }: TransportRequest): ClientRequest {
    const secure = protocol === 'https:';
    const call = (secure ? httpsRequest : httpRequest)({
      agent: secure ? this.#https : this.#http,
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      method,
      path: path + queryText(query),
      headers,
    });
    if (body instanceof Readable) {
      body.once('error', (error) => call.destroy(error));
      call.once('close', () => body.destroy());
      body.pipe(call);
    } else call.end(body);
    return call;
  }
}

function whole(message: IncomingMessage, done: (body: Readable) => void): void {
  const parts: Buffer[] = [];
  let roomBytes = MAX_ANSWER_BYTES;
  message.on('data', (part: Buffer) => {
    parts.push(part);
    roomBytes -= part.length;
    if (roomBytes < 0) message.destroy(new TransportError('the answer has no end'));
  });
  message.once('end', () => done(Readable.from(parts)));
}

function answer({ statusCode, headers }: IncomingMessage, body: Readable): TransportResponse {
  const flat = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]);
  return { statusCode: statusCode ?? 0, headers: Object.fromEntries(flat) as Record<string, string>, body };
}

function queryText(query: TransportRequest['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map((value) => escape(name) + (value === null ? '' : `=${escape(value)}`)),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** As the signature has it: what `encodeURIComponent` leaves and RFC 3986 reserves is escaped, too. */
function escape(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The SDK names its operations in the query. Any other answer is short, and worth nothing unless it is whole. */
function isObject({ query }: TransportRequest, { statusCode = 0 }: IncomingMessage): boolean {
  return query?.['x-id'] === 'GetObject' && statusCode >= 200 && statusCode < 300;
}

function takenBack(): Error {
  return new TransportError('the call was taken back');
}
