// A process of its own that puts, reads and removes chunks until it is killed. It says on stdout what it does:
// `B key version` before a put or, with version 0, before a removal, and `E key version outcome` after it.
import { writeSync } from 'node:fs';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { DiskWorld, versionBytes } from './disk-world.js';
import { SeededRandom } from './seeded-random.js';

const KEYS = 64;
const WORKERS = 6;
const MAX_CHUNK_BYTES = 400_000;

const [path = '', capacityBytes, seed] = process.argv.slice(2);
const random = new SeededRandom(Number(seed));
const world = await DiskWorld.open({ path, capacityBytes: Number(capacityBytes) });
let version = Number(seed) * 1_000_000;

/** Out of this process before anything else happens: a kill must not take words with it. */
function say(...words: (string | number)[]): void {
  for (let left = Buffer.from(`${words.join(' ')}\n`); left.length > 0;) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

/** Each worker has keys of its own, so that the order of what happens to a key is plain. */
async function work(worker: number): Promise<never> {
  for (;;) {
    const name = `key-${worker}-${random.below(KEYS / WORKERS)}`;
    const key = ChunkKey.of(name);
    const dice = random.below(10);
    if (dice === 0) {
      say('B', name, 0);
      await world.backend.remove(key);
      say('E', name, 0, 'removed');
    } else if (dice < 3) {
      await world.read(key);
    } else {
      const put = ++version;
      const bytes = versionBytes(put, random.below(dice === 9 ? MAX_CHUNK_BYTES : 60_000));
      say('B', name, put);
      const outcome = await world.put(key, bytes, Buffer.from(`${put} ${bytes.length}`));
      say('E', name, put, String(outcome));
    }
  }
}

say('ready');
await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
