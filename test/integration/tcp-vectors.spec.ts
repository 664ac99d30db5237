import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NEVER } from 'rxjs';
import { FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { expectEventually } from '../support/eventually.js';
import { TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';

interface Vectors {
  readonly frames: readonly {
    readonly name: string;
    readonly frame: string;
    readonly prefix: { readonly request_id: number };
    readonly hex: string;
  }[];
  readonly refused: readonly {
    readonly name: string;
    readonly hex: string;
    readonly code: string;
    readonly request_id: number;
  }[];
}

const FILE = join(import.meta.dirname, '../vectors/kvnest-tcp.json');
const { frames, refused } = JSON.parse(readFileSync(FILE, 'utf8')) as Vectors;

describe('tcp door: golden frames', () => {
  let server: TestTcpDoor;

  beforeAll(async () => {
    server = await createTestTcpDoor({
      config: { savePartialChunks: true },
      prepare: ({ strategy }) => {
        strategy.addHandler('kv.status', () => Promise.resolve({ ready: true }));
        strategy.addHandler('endless', () => Promise.resolve(NEVER));
      },
    });
  });
  afterAll(() => server.close());

  it.each(frames.filter(({ frame }) => frame === 'REQUEST'))('answers $name', async ({ prefix, hex }) => {
    using client = await TcpTestClient.open(server.port);
    client.socket.write(Buffer.from(hex, 'hex'));
    const replies = await client.replies(prefix.request_id);
    expect(new Set(replies.map((reply) => reply.prefix.type))).toEqual(new Set([FRAME_TYPES.REPLY]));
    await expectEventually(() => server.references() === 0);
  });

  it.each(refused)('refuses $name', async ({ hex, code, request_id: requestId }) => {
    using client = await TcpTestClient.open(server.port);
    client.socket.write(Buffer.from(hex, 'hex'));
    expect(await client.error(requestId)).toMatchObject({ code, message: expect.any(String) });
    if (requestId === 0) await client.closed;
    else expect(await client.get('none')).toEqual([undefined]);
    await expectEventually(() => server.references() === 0);
  });

  it('refuses the number of a request that is in flight, and takes it when that is over', async () => {
    using client = await TcpTestClient.open(server.port);
    client.named('endless', {}, { requestId: 7 });
    client.cancel(7);
    expect(await client.error(7)).toMatchObject({ code: 'KV_TCP_CANCELLED' });
    client.named('endless', {}, { requestId: 7 });
    client.named('endless', {}, { requestId: 7 });
    expect(await client.error(0)).toMatchObject({ code: 'KV_TCP_FRAME' });
    await client.closed;
  });
});
