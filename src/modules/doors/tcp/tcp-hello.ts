import { type KvError } from '../../../common/errors/kv-error.js';
import { type FrameEvent } from '../../../protocols/kvnest-tcp/frame-parser.js';
import {
  encodeJsonFrame,
  FRAME_TYPES,
  frameError,
  PROTOCOL_VERSION,
} from '../../../protocols/kvnest-tcp/frame.js';
import { type DoorSecret } from '../door-secret.js';
import { authError, jsonHeader, versionError } from './tcp-errors.js';

/** Longest hello of a client. */
export const MAX_HELLO_BYTES = 64 * 1024;

/** @returns what is wrong with the first frame of a client; undefined = it may come in. */
export function refuseHello({ prefix, header }: FrameEvent, secret: DoorSecret): KvError | undefined {
  const { type, bodyBytes, requestId } = prefix;
  if (type !== FRAME_TYPES.HELLO || bodyBytes > 0 || requestId !== 0) {
    return frameError('a client that does not begin with a HELLO');
  }
  const { version, token } = jsonHeader(header);
  if (version !== PROTOCOL_VERSION) return versionError(version);
  if (!secret.required) return undefined;
  return typeof token === 'string' && secret.matches(token) ? undefined : authError(token !== undefined);
}

/** What a client that was let in says that it knows. */
export function capabilitiesOf({ header }: FrameEvent): ReadonlySet<unknown> {
  const { capabilities } = jsonHeader(header);
  return new Set(Array.isArray(capabilities) ? capabilities : []);
}

/** What the server says of itself. */
export interface ServerHello {
  readonly version: number;
  readonly server: string;
  readonly boot_id: string;
  readonly capabilities: readonly string[];
  readonly tiers: readonly string[];
  readonly chunk_tokens: number;
  readonly heartbeat_ms: number;
  readonly limits: Readonly<Record<'header' | 'json' | 'value' | 'keys' | 'in_flight', number>>;
}

export function encodeHello(hello: ServerHello): Buffer {
  return encodeJsonFrame({ type: FRAME_TYPES.HELLO }, hello);
}
