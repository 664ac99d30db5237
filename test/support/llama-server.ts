import { setTimeout as delay } from 'node:timers/promises';
import { KvnestServer } from '../../examples/llama-cpp/process/kvnest-server.ts';
import { type EngineStatus } from '../../src/modules/engine/cache-engine.interface.js';

const PERSIST_DEADLINE_MS = 10_000;

/** A server with a memory and a disk tier in `folder`, or with a memory tier only. */
export async function startServer(folder: string, { memoryOnlyMiB = 0 } = {}): Promise<KvnestServer> {
  const tiers =
    memoryOnlyMiB > 0
      ? [{ type: 'memory', capacity: `${memoryOnlyMiB}MiB`, policy: 'LRU' }]
      : [
          { type: 'memory', capacity: '64MiB' },
          { type: 'disk', capacity: '256MiB' },
        ];
  return KvnestServer.start(folder, { tiers });
}

/** A server whose only tier is a store elsewhere: its own memory holds what is on its way and nothing else. */
export async function startServerOver(folder: string, url: string): Promise<KvnestServer> {
  const tiers = [{ name: 'pool', type: 'remote', url }];
  return KvnestServer.start(folder, { tiers, arena: { capacity: '64MiB' } });
}

export async function serverStatus(server: KvnestServer): Promise<EngineStatus> {
  return (await server.status()) as EngineStatus;
}

/** Waits until every tier has what was stored. */
export async function untilPersisted(server: KvnestServer): Promise<void> {
  const deadlineMs = Date.now() + PERSIST_DEADLINE_MS;
  while ((await serverStatus(server)).tiers.some(({ pendingBytes }) => pendingBytes > 0)) {
    if (Date.now() > deadlineMs) throw new Error('The tiers lag behind');
    await delay(20);
  }
}
