// A process with an agent and a region of its own, told over IPC what to do: see nixl-process.ts.
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { crc32 } from 'node:zlib';
import { crc32c } from '../../../src/common/crc32c.js';
import { loadNative } from '../../../src/arena/native/load-native.js';
import { openNativeRegion } from '../../../src/arena/native/native-region.js';
import { startNixlAgent } from '../../../src/backends/nixl/agent/start-nixl-agent.js';
import { type Answer, type NixlProcessCalls, type Question } from './nixl-process-calls.js';
import { patternFill } from './pattern.js';

const [regionBytes, limits = '{}'] = process.argv.slice(2);
const region = openNativeRegion(loadNative().addon!, Number(regionBytes));
const bytes = Buffer.from(region.buffer);
const agent = await startNixlAgent({ region: region.buffer, ...(JSON.parse(limits) as object) });
const settling: Promise<void>[] = [];
const delay = monitorEventLoopDelay({ resolution: 1 });

const calls: NixlProcessCalls = {
  about: () => ({
    name: agent.name,
    version: agent.version,
    regionAddress: agent.regionAddress,
    metadata: agent.metadata,
  }),
  fill: (seed, offset, length) => patternFill(bytes.subarray(offset, offset + length), seed),
  checksum: (offset, length) => crc32c(bytes.subarray(offset, offset + length), 0),
  crc32: (offset, length) => crc32(bytes.subarray(offset, offset + length)),
  addPeer: (metadata) => agent.addPeer(metadata),
  removePeer: (name) => agent.removePeer(name),
  read: async (request) => {
    const { settled, ...result } = await agent.read(request);
    settling.push(settled);
    return result;
  },
  settled: async () => {
    await Promise.all(settling.splice(0));
  },
  turnsDuring: async (request) => {
    let [turns, reading] = [0, true];
    const read = agent.read(request).finally(() => {
      reading = false;
    });
    // The read may end while this waits, which the check above it does not see.
    while (reading) {
      await new Promise(setImmediate);
      turns++;
    }
    await read;
    return turns;
  },
  repeat: async (request, times, atOnce) => {
    let done = 0;
    const one = async (): Promise<void> => {
      const { outcome, settled } = await agent.read(request);
      await settled;
      if (outcome === 'done') done++;
    };
    delay.reset();
    delay.enable();
    const begin = performance.now();
    for (let i = 0; i < times; i += atOnce) await Promise.all(Array.from({ length: atOnce }, one));
    const elapsedMs = performance.now() - begin;
    delay.disable();
    return { done, elapsedMs, delayP99Ms: delay.percentile(99) / 1e6 - 1 };
  },
  health: () => agent.health(),
  resources: () => {
    globalThis.gc?.();
    const { rss, heapTotal } = process.memoryUsage();
    return {
      nativeBytes: rss - heapTotal,
      descriptors: readdirSync('/proc/self/fd').length,
      threads: readdirSync('/proc/self/task').length,
    };
  },
  close: async () => {
    await agent.close();
    region.close();
  },
  exit: (code) => process.exit(code),
  end: () => process.disconnect(),
};

const methods = calls as Record<keyof NixlProcessCalls, (...args: unknown[]) => unknown>;
process.on('message', ({ id, method, args }: Question) => {
  Promise.resolve()
    .then(() => methods[method](...args))
    .then(
      (result): Answer => ({ id, result }),
      (error: unknown): Answer => ({ id, error }),
    )
    .then((answer) => process.connected && process.send?.(answer))
    .catch(() => process.exit(70));
});
process.send?.({ id: 0 } satisfies Answer);
