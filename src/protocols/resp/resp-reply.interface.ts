/** An error that a server answered: a value, not something thrown. */
export class RespErrorReply {
  constructor(readonly message: string) {}

  /** The first word: `ERR`, `NOAUTH`, `MOVED` … */
  get code(): string {
    return this.message.split(' ', 1)[0] ?? '';
  }
}

/** Stands in a reply for a bulk that was handed out as a body. */
export class RespBody {
  constructor(readonly lengthBytes: number) {}
}

/**
 * A reply of either version of the protocol. Simple strings are strings, bulks and verbatim strings are buffers (copies
 * that may be kept); integers beyond 2^53 are bigints; sets are arrays; the keys of maps are text.
 */
export type RespValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | RespErrorReply
  | RespBody
  | readonly RespValue[]
  | ReadonlyMap<string, RespValue>;

export type RespReplyEvent =
  /** One complete reply; replies come in the order of the requests. */
  | { readonly kind: 'reply'; readonly value: RespValue }
  /** Something that the server sends unasked (version 3): belongs to no request. */
  | { readonly kind: 'push'; readonly value: readonly RespValue[] }
  /** The next bytes of the stream are a bulk: see `RespReplyParser`. */
  | { readonly kind: 'body-start'; readonly lengthBytes: number }
  /** The stream cannot be understood any more: close. */
  | { readonly kind: 'protocol-error'; readonly message: string };

export interface RespReplyLimits {
  /** Bulks from this length on are handed out as bodies. Default 1 KiB. */
  readonly bodyThresholdBytes: number;
  /** Longest bulk. Default 512 MiB. */
  readonly maxBulkBytes: number;
  /** Longest line. Default 64 KiB. */
  readonly maxLineBytes: number;
  /** What one reply may take on the heap, each item counted with 64 bytes of overhead. Default 64 MiB. */
  readonly maxReplyBytes: number;
  /** How deep arrays and maps may nest. Default 16. */
  readonly maxDepth: number;
}
