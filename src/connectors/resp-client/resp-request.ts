import { arrayHeader, bulkHeader, bulkReply, RESP_CRLF } from '../../protocols/resp/resp-writer.js';

export type RespArgument = Uint8Array | string;

/** A command as it goes over the wire, by copying: for small arguments. */
export function encodeCommand(...args: readonly RespArgument[]): Buffer {
  return Buffer.concat([arrayHeader(args.length), ...args.map((arg) => bulkReply(arg))]);
}

/** `SET key value [options…]`, whose value is these buffers one after another: nothing of it is copied. */
export function encodeSet(
  key: RespArgument,
  value: readonly Uint8Array[],
  options: readonly RespArgument[] = [],
): readonly Uint8Array[] {
  const lengthBytes = value.reduce((sum, part) => sum + part.length, 0);
  const head = [arrayHeader(3 + options.length), bulkReply('SET'), bulkReply(key), bulkHeader(lengthBytes)];
  const tail = [RESP_CRLF, ...options.map((option) => bulkReply(option))];
  return [Buffer.concat(head), ...value, Buffer.concat(tail)];
}
