// A process of its own that is killed while it puts: `infinistore-writer.ts URL KEY BYTES`. It says so when it begins.
import { writeSync } from 'node:fs';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { RemoteWorld } from '../remote-world.js';

const [url = '', name = '', lengthBytes] = process.argv.slice(2);
const world = await RemoteWorld.open(url);
const key = ChunkKey.of(name);
// So that there is a connection to put on.
await world.put({ key });
using chunk = world.chunk({ key, bytes: Buffer.alloc(Number(lengthBytes), 7) });
writeSync(1, '.');
await world.connector.put(chunk);
