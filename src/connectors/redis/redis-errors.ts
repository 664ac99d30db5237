import { RespErrorReply, type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { respError } from '../resp-client/resp-errors.js';

/** @throws what the first error among the replies means. */
export function expectNoError(label: string, replies: readonly RespValue[]): void {
  const error = replies.find((reply) => reply instanceof RespErrorReply);
  if (error !== undefined) throw respError(label, error);
}
