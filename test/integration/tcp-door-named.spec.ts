import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { concat, EMPTY, from, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { KvError } from '../../src/common/errors/kv-error.js';
import { type TcpCallContext } from '../../src/modules/doors/tcp/tcp-strategy.js';
import { FLAG_END, FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { expectEventually } from '../support/eventually.js';
import { type ReceivedFrame, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';

const MIB = 1024 * 1024;

function told(frames: readonly ReceivedFrame[]): readonly unknown[] {
  return frames.map(({ prefix, header }) => [
    header.length === 0 ? 'nothing' : (JSON.parse(header.toString()) as { data: unknown }).data,
    prefix.flags === FLAG_END ? 'END' : '',
  ]);
}

describe('tcp door: message patterns', () => {
  let server: TestTcpDoor;
  let client: TcpTestClient;
  let subscribers: number;

  const stream$ = new Subject<unknown>();
  const counted$ = new Observable((subscriber) => {
    subscribers++;
    subscriber.add(() => subscribers--);
    return stream$.subscribe(subscriber);
  });
  const answers: Readonly<Record<string, (data: unknown, context: TcpCallContext) => unknown>> = {
    echo: (data) => data,
    nothing: () => undefined,
    caller: (_, context) => `${context.getPattern()} from ${context.getPeer()}`,
    late: (data) => new Promise((resolve) => setImmediate(() => resolve(data))),
    three: () => from([1, 2, 3]),
    none: () => EMPTY,
    stream: () => counted$,
    never: () => NEVER,
    big: (data) => 'x'.repeat(Number(data)),
    cyclic: () => {
      const it: Record<string, unknown> = {};
      return Object.assign(it, { it });
    },
    half: () =>
      concat(
        of('first'),
        throwError(() => new KvError('KV_INPUT_INVALID', 'then', { kind: 'input' })),
      ),
    kv: () =>
      throwError(() => new KvError('KV_NOT_FOUND', 'gone', { kind: 'input', remedy: 'look elsewhere' })),
    plain: () => throwError(() => ({ code: 'KV_MINE', message: 'of a filter', retryable: true })),
    rpc: () => throwError(() => new RpcException({ status: 'error', message: 'refused here', reason: 7 })),
    word: () => throwError(() => new RpcException('Forbidden resource')),
    defect: () => Promise.reject(new Error('secret')),
  };

  beforeEach(async () => {
    subscribers = 0;
    server = await createTestTcpDoor({
      prepare: ({ strategy }) => {
        for (const [pattern, answer] of Object.entries(answers)) {
          strategy.addHandler(pattern, (data: unknown, context: unknown) =>
            Promise.resolve(
              strategy.transformToObservable(answer(data, context as TcpCallContext) as Observable<unknown>),
            ),
          );
        }
        strategy.addHandler({ cmd: 'objects', are: 'patterns' }, () => Promise.resolve(of('too')));
      },
    });
    client = await TcpTestClient.open(server.port);
  });
  afterEach(async () => {
    client[Symbol.dispose]();
    await expectEventually(() => subscribers === 0);
    await server.close();
  });

  it.each([
    ['echo', { a: [1, 'é', null] }, [[{ a: [1, 'é', null] }, 'END']]],
    ['nothing', 1, [[undefined, 'END']]],
    ['late', 'x', [['x', 'END']]],
    [
      'three',
      {},
      [
        [1, ''],
        [2, ''],
        [3, ''],
        ['nothing', 'END'],
      ],
    ],
    ['none', {}, [['nothing', 'END']]],
  ])('answers %s', async (pattern, data, expected) => {
    expect(told(await client.replies(client.named(pattern, data)))).toEqual(expected);
  });

  it('knows patterns that are objects, and who asks', async () => {
    expect(told(await client.replies(client.named({ are: 'patterns', cmd: 'objects' })))).toEqual([
      ['too', 'END'],
    ]);
    const [[peer]] = told(await client.replies(client.named('caller'))) as [[string]];
    expect(peer).toBe(`caller from 127.0.0.1:${client.socket.localPort}`);
  });

  it('sends each value of a stream when it comes', async () => {
    const request = client.named('stream');
    await expectEventually(() => subscribers === 1);
    for (const value of ['a', 'b']) {
      stream$.next(value);
      expect(told([await client.reply(request)])).toEqual([[value, '']]);
    }
  });

  it.each([
    ['kv', { code: 'KV_NOT_FOUND', message: 'gone', remedy: 'look elsewhere' }],
    ['plain', { code: 'KV_MINE', message: 'of a filter', retryable: true }],
    [
      'rpc',
      {
        code: 'KV_NEST_REFUSED',
        message: 'refused here',
        details: { status: 'error', message: 'refused here', reason: 7 },
      },
    ],
    ['word', { code: 'KV_NEST_REFUSED', message: 'Forbidden resource' }],
    ['missing', { code: 'KV_TCP_PATTERN' }],
    ['__proto__', { code: 'KV_TCP_PATTERN' }],
  ])('says what failed: %s', async (pattern, expected) => {
    expect(await client.error(client.named(pattern))).toMatchObject(expected);
    expect(told(await client.replies(client.named('echo', 1)))).toEqual([[1, 'END']]);
  });

  it('keeps what is nobody else’s business to itself', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    for (const pattern of ['defect', 'cyclic']) {
      const { code, message } = await client.error(client.named(pattern));
      expect([code, message]).toEqual(['KV_INTERNAL', expect.not.stringMatching(/secret|circular/i)]);
    }
    expect(logged).toHaveBeenCalledTimes(2);
    logged.mockRestore();
  });

  it('sends what came before a failure', async () => {
    const replies = await client.replies(client.named('half'));
    expect(replies.map(({ prefix }) => prefix.type)).toEqual([FRAME_TYPES.REPLY, FRAME_TYPES.ERROR]);
  });

  it('says that an answer is too large for any frame', async () => {
    expect(await client.error(client.named('big', 16 * MIB))).toMatchObject({
      code: 'KV_TCP_ANSWER_TOO_LARGE',
    });
    expect((await client.reply(client.named('big', 16 * MIB - 100))).header.length).toBeGreaterThan(
      16 * MIB - 100,
    );
  });

  it.each(['a cancel', 'a time-out', 'the end of the connection'])('unsubscribes at %s', async (end) => {
    const request = client.named('stream', undefined, end === 'a time-out' ? { timeoutMs: 50 } : {});
    await expectEventually(() => subscribers === 1);
    if (end === 'a cancel') client.cancel(request);
    if (end === 'the end of the connection') client.socket.destroy();
    await expectEventually(() => subscribers === 0);
    stream$.next('unheard');
    if (end !== 'the end of the connection') {
      const code = end === 'a cancel' ? 'KV_TCP_CANCELLED' : 'KV_TCP_TIMEOUT';
      expect(await client.error(request)).toMatchObject({ code });
    }
    expect(client.frames.filter(({ prefix }) => prefix.type === FRAME_TYPES.REPLY)).toEqual([]);
  });

  it('ends a stream that its client does not read, at a bounded distance', async () => {
    const request = client.named('stream');
    await expectEventually(() => subscribers === 1);
    client.socket.pause();
    for (let sent = 0; subscribers === 1; sent++) {
      expect(sent).toBeLessThan(600);
      stream$.next('x'.repeat(100_000));
      await nextTurn();
    }
    client.socket.resume();
    expect((await client.replies(request)).at(-1)?.prefix.type).toBe(FRAME_TYPES.ERROR);
    expect(JSON.parse(client.frames.at(-1)!.header.toString())).toMatchObject({ code: 'KV_TCP_SLOW_READER' });
    expect(told(await client.replies(client.named('echo', 1)))).toEqual([[1, 'END']]);
  });

  it('answers when Nest has told all handlers, and not before', async () => {
    const door = await createTestTcpDoor({ isReady: false });
    using early = await TcpTestClient.open(door.port);
    const request = early.named('echo', 'patience');
    await expectEventually(() => door.counter('commands') === 1);
    door.door.strategy.addHandler('echo', (data: unknown) => Promise.resolve(of(data)));
    const listening = jest.fn();
    door.door.strategy.listen(listening);
    expect(told(await early.replies(request))).toEqual([['patience', 'END']]);
    expect(listening).toHaveBeenCalledTimes(1);
    expect(door.door.strategy.unwrap()).toBe(door.door);
    early[Symbol.dispose]();
    await door.close();
  });

  it.each(['[]', '{}', '{"pattern"', '"text"', ''])('hangs up at the header %s', async (header) => {
    client.request(0, Buffer.from(header));
    expect(await client.error(0)).toMatchObject({ code: 'KV_TCP_FRAME' });
    await client.closed;
  });
});
