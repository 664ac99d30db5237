import { MAX_KEYS } from '../../protocols/kvnest-tcp/key-list.js';
import { type Server } from '../pool/server.js';
import { type Cluster } from './cluster.js';

/** What a server takes of which nothing is known yet. */
const LEAST_HEADER_BYTES = 1024 * 1024;

/** Something that is asked of one server in one request. */
interface Part<T> {
  readonly server: Server;
  readonly items: T[];
  /** Where their answers belong. */
  readonly places: number[];
  headerBytes: number;
}

export interface Scattered<T> {
  /** By what it is placed. */
  readonly keyOf: (item: T) => Uint8Array;
  /** What it takes of the header of a request. */
  readonly headerBytes: (item: T) => number;
}

/** What of a header is not for one item. */
const HEAD_BYTES = 64;

/**
 * Asks for many things at once: each of its own server, in as many requests as one server takes them.
 *
 * @returns the answers, in the order of the items.
 */
export function scatter<T, R>(
  cluster: Cluster,
  items: readonly T[],
  how: Scattered<T>,
  ask: (server: Server, items: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  if (items.length === 0) return Promise.resolve([]);
  const [only, another] = cluster.servers;
  if (only !== undefined && another === undefined && fitsOne(only, items, how)) return ask(only, items);
  return gather(items.length, partition(cluster, items, how), ask);
}

async function gather<T, R>(
  count: number,
  parts: readonly Part<T>[],
  ask: (server: Server, items: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const answers = new Array<R>(count);
  await Promise.all(
    parts.map(async ({ server, items, places }) => {
      const there = await ask(server, items);
      for (const [index, place] of places.entries()) answers[place] = there[index] as R;
    }),
  );
  return answers;
}

function fitsOne<T>(server: Server, items: readonly T[], { headerBytes }: Scattered<T>): boolean {
  let bytes = HEAD_BYTES;
  for (const item of items) bytes += headerBytes(item);
  return items.length <= maxItems(server) && bytes <= maxHeaderBytes(server);
}

function partition<T>(cluster: Cluster, items: readonly T[], how: Scattered<T>): readonly Part<T>[] {
  const parts: Part<T>[] = [];
  const open = new Map<Server, Part<T>>();
  for (const [place, item] of items.entries()) {
    const server = cluster.serverOf(how.keyOf(item));
    const bytes = how.headerBytes(item);
    let part = open.get(server);
    if (part === undefined || !fits(part, bytes)) {
      part = { server, items: [], places: [], headerBytes: HEAD_BYTES };
      open.set(server, part);
      parts.push(part);
    }
    part.items.push(item);
    part.places.push(place);
    part.headerBytes += bytes;
  }
  return parts;
}

function fits({ server, items, headerBytes }: Part<unknown>, moreBytes: number): boolean {
  return items.length < maxItems(server) && headerBytes + moreBytes <= maxHeaderBytes(server);
}

function maxItems({ hello }: Server): number {
  return Math.min(MAX_KEYS, hello?.limits.keys ?? MAX_KEYS);
}

function maxHeaderBytes({ hello }: Server): number {
  return hello?.limits.headerBytes ?? LEAST_HEADER_BYTES;
}
