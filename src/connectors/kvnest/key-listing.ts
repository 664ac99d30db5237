import { type Server } from '../../client/pool/server.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { frameError } from '../../protocols/kvnest-tcp/frame.js';
import { type CallOptions, type ListPage } from '../remote-connector.interface.js';
import { scanRequest } from './kvnest-requests.js';
import { type KvnestServers } from './kvnest-servers.js';
import { keyOfWireName } from './wire-name.js';

/** Most keys of a page that a server gives. */
const MAX_PAGE = 1_000;

/** How far a listing has come. */
interface Position {
  /** Place of the server in the URL. */
  readonly server: number;
  /** Of that server, from its start on: after the next one it means nothing. */
  readonly bootId: string;
  readonly cursor: string;
}

const START: Position = { server: 0, bootId: '', cursor: '' };

/** Pages through the keys of one server after the other. */
export async function listKeys(
  servers: KvnestServers,
  text: string,
  count: number,
  { signal }: CallOptions = {},
): Promise<ListPage> {
  const all = servers.cluster.servers;
  const position = readPosition(text);
  const server = all[position.server];
  if (server === undefined) return listKeys(servers, '', count, { ...(signal && { signal }) });
  const cursor = position.bootId === bootIdOf(server) ? position.cursor : '';
  const request = scanRequest(cursor, Math.max(1, Math.min(count, MAX_PAGE)));
  const page = await servers.askHeader({ server, kind: 'control', request, signal }, pageReader());
  const here = { server: position.server, bootId: bootIdOf(server) };
  if (page.cursor !== '')
    return { keys: page.keys, cursor: JSON.stringify({ ...here, cursor: page.cursor }) };
  const next = position.server + 1;
  return { keys: page.keys, cursor: next < all.length ? JSON.stringify({ ...START, server: next }) : '' };
}

function bootIdOf({ hello }: Server): string {
  return hello?.bootId ?? '';
}

/** A cursor that is none starts over. */
function readPosition(text: string): Position {
  try {
    return text === '' ? START : { ...START, ...(JSON.parse(text) as Partial<Position>) };
  } catch {
    return START;
  }
}

/** An answer of one value may end with an empty frame. */
function pageReader(): (header: Buffer) => ListPage {
  let page: ListPage | undefined;
  return (header) => {
    if (header.length > 0) page = readPage(JSON.parse(header.toString()) as { readonly data?: unknown });
    if (page === undefined) throw frameError('a page of keys that is none');
    return page;
  };
}

interface KeyJson {
  readonly key?: string;
  readonly key_base64?: string;
  readonly namespace: number;
}

function readPage({ data }: { readonly data?: unknown }): ListPage {
  const { keys, cursor } = data as { readonly keys: readonly KeyJson[]; readonly cursor: string | null };
  return { keys: keys.flatMap((key) => keyOf(key) ?? []), cursor: cursor ?? '' };
}

function keyOf({ key, key_base64: base64, namespace }: KeyJson): ChunkKey | undefined {
  const name = base64 === undefined ? Buffer.from(key ?? '') : Buffer.from(base64, 'base64');
  return keyOfWireName(name, namespace);
}
