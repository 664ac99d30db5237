import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type FileTransfer, type NixlFileAgent } from '../agent/file-agent.js';
import { type NixlHealth } from '../agent/nixl-agent.interface.js';
import { NixlFileMedium } from './nixl-file.medium.js';

/** A test double: no file of a sound disk makes a read of the real plugin fail. */
class DoubleAgent {
  isClosed = false;
  running = 0;
  mostRunning = 0;

  constructor(private readonly checksum: number | undefined) {}

  write({ descriptor, offset, views }: FileTransfer): Promise<void> {
    for (const view of views) writeSync(descriptor, view, 0, view.length, offset);
    return Promise.resolve();
  }

  async read(): Promise<number> {
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await turn();
    this.running--;
    if (this.checksum !== undefined) return this.checksum;
    throw new Error('I/O error');
  }

  readonly version = 'double';

  health(): NixlHealth {
    const none = { transfers: 0, bytes: 0 };
    return { up: true, peers: [], inFlight: none, quarantined: none };
  }

  async close(): Promise<void> {
    await turn();
    this.isClosed = true;
  }
}

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'kvnest-nixl-medium-'));
});
afterEach(() => rm(path, { recursive: true, force: true }));

it('a new agent takes over when a transfer fails, before the next one begins; they come one after the other', async () => {
  const [failing, sound] = [new DoubleAgent(undefined), new DoubleAgent(7)];
  const agents = [failing, sound];
  const start = (): Promise<NixlFileAgent> => {
    expect(agents.length === 2 || failing.isClosed).toBe(true);
    return Promise.resolve(agents.shift() as unknown as NixlFileAgent);
  };
  const medium = new NixlFileMedium({ path, maxOpenFiles: 8, start });
  await medium.open();
  const bytes = Buffer.from('some bytes');
  for (const id of [1, 2, 3, 4]) await medium.write(id, Buffer.from('a header'), [bytes]);

  const reads = await Promise.allSettled([1, 2, 3, 4].map((id) => medium.readInto(id, [bytes])));
  expect(reads.map((read) => (read.status === 'fulfilled' ? read.value : 'failed')).sort()).toEqual([
    7,
    7,
    7,
    'failed',
  ]);
  expect(sound.mostRunning).toBe(1);
  expect(medium.agent).toMatchObject({ library: 'NIXL double', up: true, reason: 'I/O error' });
  await medium.close();
  expect(sound.isClosed).toBe(true);
});

it('a read that is on its way when everything is closed begins nothing any more', async () => {
  const agents = [new DoubleAgent(7)];
  const start = (): Promise<NixlFileAgent> => Promise.resolve(agents.shift() as unknown as NixlFileAgent);
  const medium = new NixlFileMedium({ path, maxOpenFiles: 8, start });
  await medium.open();
  const bytes = Buffer.from('some bytes');
  await medium.write(1, Buffer.from('a header'), [bytes]);
  const read = medium.readInto(1, [bytes]);
  const closed = medium.close();
  await expect(read).rejects.toMatchObject({ code: 'KV_NIXL_CLOSED' });
  await closed;
});
