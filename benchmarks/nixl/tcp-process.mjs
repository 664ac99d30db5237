// A process that reads chunks from a kvnest server over its TCP door into its arena, checksums verified, as a tier of
// type `nixl` does without NIXL. Told over IPC what to do. Usage: tcp-process.mjs <arena MiB> <port>
import { ArenaSpaceService } from '../../dist/arena/arena-space.js';
import { createArena } from '../../dist/arena/create-arena.js';
import { ExtentWriter } from '../../dist/arena/extent-writer.js';
import { parseConnectorUrl } from '../../dist/connectors/connector-url.js';
import { intakePlace } from '../../dist/connectors/intake/value-intake.js';
import { readKvnestSettings } from '../../dist/connectors/kvnest/kvnest.config.js';
import { KvnestConnector } from '../../dist/connectors/kvnest/kvnest.connector.js';
import { ChunkKey } from '../../dist/protocols/chunk-key/chunk-key.js';

const [arenaMib, port] = process.argv.slice(2).map(Number);
const logger = { debug: () => undefined, log: () => undefined, warn: console.warn, error: console.error };
const arena = createArena({ capacityBytes: arenaMib * 2 ** 20, logger });
const space = new ArenaSpaceService(arena);
const url = parseConnectorUrl(`kvnest://127.0.0.1:${port}`);
const settings = readKvnestSettings({ tier: 'bench', url, options: {}, extraConfig: {} });
const place = intakePlace({ arena, space });
const connector = new KvnestConnector({ label: url.label, place, settings, localOnly: true });
await connector.connect();

const keyOf = (name) => ChunkKey.of(name);

const calls = {
  put: async ({ names, lengthBytes }) => {
    for (const name of names) {
      using chunk = space.reserve({ key: keyOf(name), lengthBytes });
      const writer = new ExtentWriter(chunk.views, (part, previous) => arena.crc32c(part, previous));
      writer.write(Buffer.alloc(lengthBytes, name));
      chunk.seal(writer.checksum);
      const outcome = await connector.put(chunk);
      if (outcome !== 'stored') throw new Error(`${name}: ${outcome}`);
    }
  },
  /** @returns seconds of each read of all of them */
  read: async ({ names, times }) => {
    const keys = names.map(keyOf);
    const seconds = [];
    for (let i = 0; i < times; i++) {
      const begin = performance.now();
      const chunks = await connector.getMany(keys);
      seconds.push((performance.now() - begin) / 1000);
      const missing = chunks.find((chunk) => typeof chunk === 'string');
      if (missing !== undefined) throw new Error(missing);
      for (const chunk of chunks) chunk[Symbol.dispose]();
    }
    return { seconds };
  },
};

process.on('message', async ({ call, ...rest }) => process.send({ result: await calls[call](rest) }));
process.send({ ready: true });
