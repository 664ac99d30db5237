import { Logger } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Observable, throwError } from 'rxjs';
import { KvError } from '../../src/common/errors/kv-error.js';
import { TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';

const MIB = 1024 * 1024;

describe('tcp door: an error of a handler', () => {
  let server: TestTcpDoor;
  let client: TcpTestClient;
  let thrown: unknown;
  let logged: jest.SpiedFunction<Logger['error']>;

  beforeEach(async () => {
    logged = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    const fail = (): Promise<Observable<never>> => Promise.resolve(throwError(() => thrown));
    server = await createTestTcpDoor({ prepare: ({ strategy }) => strategy.addHandler('fail', fail) });
    client = await TcpTestClient.open(server.port);
  });
  afterEach(async () => {
    client[Symbol.dispose]();
    await server.close();
    jest.restoreAllMocks();
  });

  async function expectCode(error: unknown, code: string): Promise<void> {
    thrown = error;
    expect(await client.error(client.named('fail'))).toMatchObject({ code });
    await client.put('a', Buffer.from('the connection goes on'));
  }

  it('that is longer than any frame says so', async () => {
    await expectCode(
      new KvError('KV_INPUT_INVALID', 'x'.repeat(17 * MIB), { kind: 'input' }),
      'KV_TCP_ANSWER_TOO_LARGE',
    );
  });

  it('that JSON has no word for is an internal error', async () => {
    await expectCode(new RpcException({ code: 'MINE', message: 'too big', number: 1n }), 'KV_INTERNAL');
    expect(logged).toHaveBeenCalled();
  });
});
