import { type KvnestClient, type PrefixOptions, type RetrievedChunk } from '../../../src/client/index.js';
import { type DoorClient, type DoorClientStatus } from '../../contracts/door/door-client.interface.js';

/** The TCP door, by `kvnest/client`. */
export function tcpDoorClient(cache: KvnestClient): DoorClient {
  return {
    put: (...args) => cache.put(...args),
    getMany: (...args) => cache.getMany(...args),
    exists: (...args) => cache.exists(...args),
    delete: (...args) => cache.delete(...args),
    pin: (...args) => cache.pin(...args),
    unpin: (...args) => cache.unpin(...args),
    lookup: (...args) => cache.lookup(...args),
    store: (...args) => cache.store(...args),
    retrieve: (tokens, options) => retrieve(cache, tokens, options),
    clear: (...args) => cache.clear(...args),
    status: async () => [...(await cache.status()).values()][0] as DoorClientStatus,
    close: () => cache.close(),
  };
}

async function retrieve(
  cache: KvnestClient,
  tokens: readonly number[],
  options: PrefixOptions,
): Promise<readonly RetrievedChunk[]> {
  const chunks: RetrievedChunk[] = [];
  for await (const chunk of cache.retrieve(tokens, options)) chunks.push(chunk);
  return chunks;
}
