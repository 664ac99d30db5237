import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from './eventually.js';
import { ScriptedBackend } from './scripted.backend.js';
import { putList, TcpTestClient } from './tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor, type TestTcpDoorOptions } from './tcp-door.js';

/** For each test a TCP door over a memory tier and a slow one, and a client of it; after it, nothing may be held any more. */
export class SlowTcpDoor {
  server!: TestTcpDoor;
  client!: TcpTestClient;
  slow!: ScriptedBackend;

  constructor() {
    afterEach(() => this.#end());
  }

  async start(options: TestTcpDoorOptions = {}): Promise<void> {
    this.server = await createTestTcpDoor({
      tiers: (parts) => [(this.slow = new ScriptedBackend('slow', parts))],
      ...options,
    });
    this.client = await TcpTestClient.open(this.server.port);
  }

  /** A chunk that only the slow tier has. */
  async putBelow(key: string, bytes = chunkBytes(100)): Promise<void> {
    const list = putList([{ key, lengthBytes: bytes.length }], { ack: 'all' });
    await this.client.reply(this.client.request(PATTERNS.PUT, list, { body: bytes }));
    await this.server.stack.tiers[0]!.backend.remove(ChunkKey.of(key));
  }

  async #end(): Promise<void> {
    this.slow.release();
    this.client[Symbol.dispose]();
    try {
      await this.server.engine.settled();
      await expectEventually(() => this.server.references() === 0);
    } finally {
      await this.server.close();
    }
  }
}

/** Lets what can go on without waiting for anything go on. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}
