import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorOf } from '../../../test/contracts/backend/backend-world.js';
import { ScriptedServer, type ScriptedSocket } from '../../../test/support/lm-scripted-server.js';
import { encodeLmReply, encodeLmRequest, LM_CODES, LM_COMMANDS } from '../../protocols/lm/lm-message.js';
import { LmConnection } from './lm-connection.js';

const BODY = Buffer.alloc(100_000, 7);
const PUT = [encodeLmRequest(LM_COMMANDS.PUT, 'key'), BODY];
const PUT_BYTES = PUT.reduce((sum, { length }) => sum + length, 0);

type WriteMany = (chunks: unknown, done: (error?: Error | null) => void) => void;

describe('A socket that says late that it has sent everything', () => {
  /** What it would have said. A real one is late now and then, and not when a test needs it. */
  let reports: (() => void)[];

  beforeEach(() => {
    reports = [];
    const prototype = Socket.prototype as unknown as { _writev: WriteMany };
    const writeMany = prototype._writev;
    jest.spyOn(prototype, '_writev').mockImplementation(function (this: Socket, chunks, done) {
      writeMany.call(this, chunks, (error) => reports.push(() => done(error)));
    });
  });
  afterEach(() => {
    for (const report of reports.splice(0)) report();
  });

  async function withServer(
    script: (client: ScriptedSocket) => Promise<void>,
    test: (connection: LmConnection) => Promise<void>,
  ): Promise<void> {
    await using server = await ScriptedServer.start(script);
    const connection = new LmConnection({ host: '127.0.0.1', port: server.port, label: 'lm://test' });
    await connection.connected;
    try {
      await test(connection);
    } finally {
      connection.destroy(new Error('the end'));
    }
    expect(server.failures).toEqual([]);
  }

  it('may have the answer before: that is no fault of the server, and the bytes are kept until then', async () => {
    const answered = Promise.withResolvers<undefined>();
    const script = async (client: ScriptedSocket): Promise<void> => {
      await client.bytes(PUT_BYTES);
      client.send(encodeLmReply(LM_CODES.SUCCESS));
      answered.resolve(undefined);
    };
    await withServer(script, async (connection) => {
      let isSettled = false;
      const putting = connection.call(PUT, { isPut: true }).finally(() => (isSettled = true));
      await answered.promise;
      while (connection.receivedBytes === 0) await nextTurn();
      await nextTurn();
      expect(isSettled).toBe(false);
      for (const report of reports.splice(0)) report();
      expect(await putting).toMatchObject({ code: LM_CODES.SUCCESS });
      expect(connection.isReusable).toBe(true);
    });
  });

  it('does not make a put that is taken back one that was not sent: the server ends it first', async () => {
    const received = Promise.withResolvers<undefined>();
    const ending = Promise.withResolvers<undefined>();
    const script = async (client: ScriptedSocket): Promise<void> => {
      await client.bytes(PUT_BYTES);
      received.resolve(undefined);
      await ending.promise;
      client.socket.end();
    };
    await withServer(script, async (connection) => {
      const abort = new AbortController();
      const putting = connection.call(PUT, { isPut: true, signal: abort.signal });
      await received.promise;
      abort.abort();
      for (const report of reports.splice(0)) report();
      expect(await errorOf(() => putting)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      let isClosed = false;
      const closed = connection.closed.then(() => (isClosed = true));
      await nextTurn();
      await nextTurn();
      expect(isClosed).toBe(false);
      ending.resolve(undefined);
      await closed;
    });
  });

  it('is not waited for when a get is taken back', async () => {
    const script = async (client: ScriptedSocket): Promise<void> => {
      await client.bytes(PUT_BYTES);
    };
    await withServer(script, async (connection) => {
      const getting = connection.call([encodeLmRequest(LM_COMMANDS.GET, 'key'), Buffer.of(0)], {
        signal: AbortSignal.timeout(10),
      });
      expect(await errorOf(() => getting)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      await connection.closed;
    });
  });
});
