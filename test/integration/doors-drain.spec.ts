import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { expectEventually } from '../support/eventually.js';
import { MessageServer, TEST_LIMITS } from '../support/message-server.js';
import { TcpTestClient } from '../support/tcp-client.js';

const DOORS = ['resp', 'lm', 'tcp', 'nest'];
const HALF_A_VALUE = '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$10\r\nabcde';

let server: MessageServer;
let sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await server.close();
});

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function isRefused(port: number): Promise<boolean> {
  return open(port).then(
    () => false,
    () => true,
  );
}

describe('a shutdown', () => {
  it('begins at all doors at once: none waits for what another has in flight', async () => {
    server = await MessageServer.start({
      config: { drainTimeoutMs: 60_000 },
      doors: { resp: TEST_LIMITS, lm: TEST_LIMITS },
    });
    const ports = DOORS.map((name) => server.port(name));
    const resp = await open(server.port('resp'));
    resp.write(HALF_A_VALUE);
    using tcp = await TcpTestClient.open(server.port('tcp'));
    await expectEventually(() => (server.door('resp').counters['bytes_in'] ?? 0) >= HALF_A_VALUE.length);
    const closed = server.app.close();
    await expectEventually(() => tcp.frames.some(({ prefix }) => prefix.type === FRAME_TYPES.GOAWAY));
    await tcp.closed;
    for (const port of ports) expect(await isRefused(port)).toBe(true);
    const answer = once(resp.setEncoding('utf8'), 'data');
    resp.write('fghij\r\n');
    expect(await answer).toEqual(['+OK\r\n']);
    resp.end();
    await closed;
  });
});
