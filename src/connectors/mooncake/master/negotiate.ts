import { randomBytes } from 'node:crypto';
import { isNotLeading, MOONCAKE_CODES } from '../../../protocols/mooncake/mooncake-codes.js';
import {
  hasCompatibleFields,
  parsePutStart,
  parseVersion,
} from '../../../protocols/mooncake/mooncake-reply.js';
import { type MooncakeCaller, MooncakeRequests } from '../../../protocols/mooncake/mooncake-request.js';
import { MOONCAKE_SCHEMAS, type MooncakeSchema } from '../../../protocols/mooncake/mooncake-schema.js';
import { type MasterMethod, RPC_ERRORS, type RpcReply } from '../../../protocols/mooncake/rpc-frame.js';
import { remoteProtocol, remoteUnreachable } from '../../connector-errors.js';
import { mooncakeRefused } from '../mooncake-errors.js';

/** What every release up to now calls its protocol, though each has another. */
const VERSION = '2.0.0';
/** A release that added only what a request may leave out is asked in the words of the one before. */
const ASKED = MOONCAKE_SCHEMAS.filter(({ putStartCompatible }) => putStartCompatible === undefined).reverse();
const NEWEST = MOONCAKE_SCHEMAS.at(-1) as MooncakeSchema;

type Ask = (method: MasterMethod, body: Uint8Array) => Promise<RpcReply>;

/**
 * Finds out in one round trip how a master is spoken to: by puts of no bytes, which the right words refuse and any other
 * do not reach. Nothing is left of them.
 *
 * @throws KV_REMOTE_REFUSED, KV_REMOTE_PROTOCOL, and KV_REMOTE_UNREACHABLE for a master that does not lead.
 */
export async function negotiate(label: string, caller: MooncakeCaller, ask: Ask): Promise<MooncakeSchema> {
  const name = `kvnest:probe:${randomBytes(16).toString('hex')}`;
  const [ready, ...probes] = await Promise.all([
    ask('ServiceReady', new Uint8Array()),
    ...ASKED.map((schema) =>
      ask('PutStart', new MooncakeRequests(schema, caller).putStart({ name, lengthBytes: 0 }, 1)),
    ),
  ]);
  const version = ready.errorCode === RPC_ERRORS.NONE ? parseVersion(ready.body) : undefined;
  if (version === undefined) throw remoteProtocol(label, 'it does not say which protocol it has');
  if (version !== VERSION) throw mooncakeRefused(label, `its protocol is ${version} and not ${VERSION}`);
  const at = probes.findIndex(({ errorCode }) => errorCode === RPC_ERRORS.NONE);
  const [schema, reply] = [ASKED[at], probes[at]];
  if (schema === undefined || reply === undefined) {
    const known = MOONCAKE_SCHEMAS.map(({ release }) => release).join(', ');
    throw mooncakeRefused(label, `its master takes the requests of none of the releases ${known}`);
  }
  expectHarmless(label, caller, reply.body);
  return hasCompatibleFields(reply.body) ? NEWEST : schema;
}

function expectHarmless(label: string, { tenant }: MooncakeCaller, body: Buffer): void {
  const outcome = parsePutStart(body);
  const code = outcome !== undefined && 'code' in outcome ? outcome.code : undefined;
  if (code === MOONCAKE_CODES.INVALID_PARAMS) return;
  if (code === MOONCAKE_CODES.TENANT_NOT_REGISTERED)
    throw mooncakeRefused(label, `it does not know the tenant "${tenant}"`);
  if (code !== undefined && isNotLeading(code))
    throw remoteUnreachable(label, new Error('this master does not lead'));
  throw remoteProtocol(label, `it answers a put of no bytes with ${code ?? 'what is no code'}`);
}
