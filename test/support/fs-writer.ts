// A process of its own that puts one chunk again and again until it is killed: `fs-writer.ts URL KEY BYTES SEED`. Each time it is
// other bytes, all of which can be told from one another by `versionBytes`.
import { writeSync } from 'node:fs';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { versionBytes } from './disk-world.js';
import { RemoteWorld } from './remote-world.js';

const [url = '', name = '', lengthBytes, seed] = process.argv.slice(2);
const world = await RemoteWorld.open(url);
const key = ChunkKey.of(name);
for (let version = Number(seed) * 1_000_000; ; version++) {
  const bytes = versionBytes(version, Number(lengthBytes));
  const outcome = await world.put({ key, bytes, metadata: Buffer.from(String(version)) });
  if (outcome !== 'stored') throw new Error(outcome);
  writeSync(1, '.');
}
