import { md5Start } from './struct-pack.js';

const MAGIC = 0x15;
const REQUEST_HEADER_BYTES = 20;
const REPLY_HEADER_BYTES = 16;
/** The replicas of some 100,000 objects. */
const MAX_REPLY_BYTES = 8 * 1024 * 1024;

/** What coro_rpc says when a request could not be given to its function. */
export const RPC_ERRORS = { NONE: 0, INVALID_ARGUMENT: 4, UNKNOWN_FUNCTION: 11 } as const;

export interface RpcReply {
  /** The number of the request that it answers. */
  readonly sequence: number;
  /** `RPC_ERRORS` */
  readonly errorCode: number;
  readonly body: Buffer;
}

/** Methods of Mooncake's master that are asked here. */
export type MasterMethod =
  | 'ServiceReady'
  | 'BatchExistKey'
  | 'BatchGetReplicaList'
  | 'PutStart'
  | 'BatchPutStart'
  | 'BatchPutEnd'
  | 'PutRevoke'
  | 'BatchRemove';

const functionIds = new Map<string, number>();

/** The header of coro_rpc, little-endian, and what is asked. */
export function encodeRpcRequest(sequence: number, method: MasterMethod, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(REQUEST_HEADER_BYTES + body.length);
  bytes.writeUInt8(MAGIC, 0);
  bytes.writeUInt32LE(sequence, 4);
  bytes.writeUInt32LE(functionIdOf(method), 8);
  bytes.writeUInt32LE(body.length, 12);
  bytes.set(body, REQUEST_HEADER_BYTES);
  return bytes;
}

/** Reads replies, which come in any order, from a stream that may be cut anywhere. */
export class RpcReplyParser {
  #pending: Buffer = Buffer.alloc(0);

  /** @returns the replies that are whole now, and what is wrong with the stream, if something is. */
  push(bytes: Buffer): { readonly replies: readonly RpcReply[]; readonly problem?: string } {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const replies: RpcReply[] = [];
    let at = 0;
    for (;;) {
      const frame = this.#pending.subarray(at);
      if (frame.length > 0 && frame[0] !== MAGIC) return { replies, problem: 'a frame that is none' };
      if (frame.length < REPLY_HEADER_BYTES) break;
      const bodyBytes = frame.readUInt32LE(8);
      const endBytes = REPLY_HEADER_BYTES + bodyBytes + frame.readUInt32LE(12);
      if (endBytes > MAX_REPLY_BYTES) return { replies, problem: `a reply of ${endBytes} bytes` };
      if (frame.length < endBytes) break;
      replies.push({
        sequence: frame.readUInt32LE(4),
        errorCode: frame.readUInt8(2),
        body: frame.subarray(REPLY_HEADER_BYTES, REPLY_HEADER_BYTES + bodyBytes),
      });
      at += endBytes;
    }
    this.#pending = Buffer.from(this.#pending.subarray(at));
    return { replies };
  }
}

function functionIdOf(method: string): number {
  const known = functionIds.get(method);
  if (known !== undefined) return known;
  const id = md5Start(`mooncake::WrappedMasterService::${method}`);
  functionIds.set(method, id);
  return id;
}
