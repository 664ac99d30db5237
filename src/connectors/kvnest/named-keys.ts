import { type Cluster } from '../../client/cluster/cluster.js';
import { scatter, type Scattered } from '../../client/cluster/scatter.js';
import { type Server } from '../../client/pool/server.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { wireName } from './wire-name.js';

/** A key with its name on the wire. */
export interface NamedKey {
  readonly key: ChunkKey;
  readonly name: Buffer;
}

/** Keys that are asked of one server in one request. */
export interface KeyPart {
  readonly server: Server;
  readonly namespace: number;
  readonly keys: readonly NamedKey[];
}

const LENGTH_BYTES = 2;
const KEYS: Scattered<NamedKey> = {
  keyOf: ({ name }) => name,
  headerBytes: ({ name }) => name.length + LENGTH_BYTES,
};

/**
 * Asks for many keys at once: each of its own server, in as few requests as that takes them.
 *
 * @param nameless the answer for keys that have no name.
 * @returns the answers, in the order of the keys. @throws the first failure, at once.
 */
export async function askForKeys<R>(
  cluster: Cluster,
  keys: readonly ChunkKey[],
  nameless: R,
  ask: (part: KeyPart) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const answers = new Array<R>(keys.length).fill(nameless);
  await Promise.all(
    [...byNamespace(keys)].map(async ([namespace, places]) => {
      const named = places.map(({ named: one }) => one);
      const there = await scatter(cluster, named, KEYS, (server, some) =>
        ask({ server, namespace, keys: some }),
      );
      for (const [index, { place }] of places.entries()) answers[place] = there[index] as R;
    }),
  );
  return answers;
}

interface Place {
  readonly named: NamedKey;
  readonly place: number;
}

function byNamespace(keys: readonly ChunkKey[]): ReadonlyMap<number, readonly Place[]> {
  const groups = new Map<number, Place[]>();
  for (const [place, key] of keys.entries()) {
    const name = wireName(key);
    if (name === undefined) continue;
    const group = groups.get(key.namespace);
    if (group === undefined) groups.set(key.namespace, [{ named: { key, name }, place }]);
    else group.push({ named: { key, name }, place });
  }
  return groups;
}
