// A process with an agent and a region: the owner of the bytes, or the reader of them. Told over IPC what to do.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loadNative } from '../../dist/arena/native/load-native.js';
import { openNativeRegion } from '../../dist/arena/native/native-region.js';
import { startNixlAgent } from '../../dist/backends/nixl/agent/start-nixl-agent.js';

const region = openNativeRegion(loadNative().addon, Number(process.argv[2]));
Buffer.from(region.buffer).fill('kvnest');
const agent = await startNixlAgent({ region: region.buffer });
const delay = monitorEventLoopDelay({ resolution: 1 });

const calls = {
  about: () => ({ name: agent.name, address: agent.regionAddress, metadata: agent.metadata }),
  add: ({ metadata }) => agent.addPeer(metadata),
  /** @returns the event loop's delay while it has nothing to do */
  rest: async () => {
    delay.reset();
    delay.enable();
    await new Promise((resolve) => setTimeout(resolve, 500));
    delay.disable();
    return { delayP99Ms: delay.percentile(99) / 1e6 };
  },
  /** @returns seconds of each read, and the event loop's delay and the CPU of this process meanwhile */
  read: async ({ requests, times }) => {
    const seconds = [];
    const cpuBegin = process.cpuUsage();
    delay.reset();
    delay.enable();
    for (let i = 0; i < times; i++) {
      const begin = performance.now();
      const { outcome, reason } = await agent.read(requests[i % requests.length]);
      seconds.push((performance.now() - begin) / 1000);
      if (outcome !== 'done') throw new Error(`${outcome}: ${reason}`);
    }
    delay.disable();
    const { user, system } = process.cpuUsage(cpuBegin);
    return { seconds, cpuSeconds: (user + system) / 1e6, delayP99Ms: delay.percentile(99) / 1e6 };
  },
};

process.on('message', async ({ call, ...rest }) => process.send({ result: await calls[call](rest) }));
process.send({ ready: true });
