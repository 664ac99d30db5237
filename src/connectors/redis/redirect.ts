import { RespErrorReply, type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { isPort, type RespAddress } from '../resp-client/resp-address.js';

/** A server of a cluster says that another one has the key. */
export interface Redirect {
  /** MOVED: from now on; ASK: for this command only, which `ASKING` must precede. */
  readonly kind: 'MOVED' | 'ASK';
  readonly address: RespAddress;
}

const REDIRECT = /^(MOVED|ASK) \d+ (.*):(\d+)$/;

/** @param asked the server that answered: it may leave out its own host. */
export function redirectOf(reply: RespValue | undefined, asked: RespAddress): Redirect | undefined {
  if (!(reply instanceof RespErrorReply)) return undefined;
  const [, kind, named = '', port] = REDIRECT.exec(reply.message) ?? [];
  const host = named === '' && 'host' in asked ? asked.host : named;
  if ((kind !== 'MOVED' && kind !== 'ASK') || host === '' || !isPort(Number(port))) return undefined;
  return { kind, address: { host, port: Number(port) } };
}
