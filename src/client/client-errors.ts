import { isKvError, KvError } from '../common/errors/kv-error.js';

const MAX_TEXT = 300;

/** What the caller passed cannot be sent. */
export function clientInput(message: string, remedy?: string): KvError {
  return new KvError('KV_CLIENT_INPUT', message, { kind: 'input', ...(remedy !== undefined && { remedy }) });
}

/** The URL says what it cannot. The message never repeats what stands before `@`. */
export function clientUrl(message: string): KvError {
  return new KvError('KV_CLIENT_URL', message, {
    kind: 'input',
    remedy: 'kvnest://token@host:port,host:port?model=…&namespace=…&timeout_ms=…, or kvnests:// for TLS',
  });
}

/** The caller's buffer is shorter than the value. */
export function clientBuffer(valueBytes: number, bufferBytes: number): KvError {
  return new KvError(
    'KV_CLIENT_BUFFER',
    `The value has ${valueBytes} bytes, the buffer has room for ${bufferBytes}`,
    { kind: 'input', remedy: 'Pass a longer buffer, or none.', details: { valueBytes, bufferBytes } },
  );
}

export function clientTimeout(timeoutMs: number): KvError {
  return new KvError('KV_CLIENT_TIMEOUT', `There was no answer within ${timeoutMs} ms`, {
    kind: 'unavailable',
    retryable: true,
    remedy: 'Look at the load of the server and of the network, or allow more time.',
  });
}

export function clientClosed(): KvError {
  return new KvError('KV_CLIENT_CLOSED', 'The client is closed', {
    kind: 'unavailable',
    remedy: 'Connect anew.',
  });
}

/** A server cannot be reached, or hung up. */
export function clientUnavailable(server: string, cause: unknown): KvError {
  return new KvError('KV_CLIENT_UNAVAILABLE', `${server} cannot be reached: ${reasonOf(cause)}`, {
    kind: 'unavailable',
    retryable: true,
    remedy: 'Look whether the server runs and its address is right. The client goes on trying by itself.',
    cause,
  });
}

/** What the server sent is not what docs/tcp-protocol.md says. */
export function clientProtocol(server: string, cause: unknown): KvError {
  return new KvError(
    'KV_CLIENT_PROTOCOL',
    `${server} does not speak the protocol of kvnest: ${reasonOf(cause)}`,
    { kind: 'unavailable', remedy: 'Look whether doors.tcp listens at this address.', cause },
  );
}

/** What a server says in an `ERROR` frame. */
export function serverError(header: Uint8Array): KvError {
  const said = JSON.parse(Buffer.from(header).toString()) as {
    readonly code: `KV_${string}`;
    readonly message: string;
    readonly remedy?: string;
    readonly retryable?: boolean;
    readonly details?: Readonly<Record<string, unknown>>;
  };
  const { code, message, remedy, retryable = false, details } = said;
  return new KvError(code, oneLine(message), {
    kind: code === 'KV_INTERNAL' ? 'internal' : retryable ? 'unavailable' : 'input',
    retryable,
    ...(remedy !== undefined && { remedy }),
    ...(details !== undefined && { details }),
  });
}

/** Whether the call may be answered with a miss in the place of this error. */
export function isOutage(error: unknown): boolean {
  return isKvError(error, 'KV_CLIENT_UNAVAILABLE') || isKvError(error, 'KV_CLIENT_TIMEOUT');
}

function reasonOf(cause: unknown): string {
  return oneLine(cause instanceof Error && cause.message !== '' ? cause.message : String(cause));
}

/** What a server says goes into logs and onto terminals: one line of some length, without control characters. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not be there
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)} …` : line;
}
