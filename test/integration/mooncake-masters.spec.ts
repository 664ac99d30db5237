import { afterEach, describe, expect, it } from '@jest/globals';
import {
  MooncakeMasters,
  type MooncakeMastersOptions,
} from '../../src/connectors/mooncake/master/mooncake-masters.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { MooncakeScriptedMaster, type ScriptedReply } from '../support/mooncake/mooncake-scripted-master.js';

const VERSION: ScriptedReply = { literal: '87800c01', value: { isError: false, value: '2.0.0' } };
const FAULT: ScriptedReply = { fault: 4 };
const FLAGS = '84870b01';
const yes = { isError: false, value: true } as const;
/** To a put: this code. The literal is of 0.3.13. */
const code = (value: number): ScriptedReply => ({
  literal:
    '8784fd0486fdfd0404800c800cfffffdfd0404800c800cfffffd800c04fffdfd04048989ff04800cfffd800c04040401ffff01ff01',
  value: { isError: true, value },
});
const CONNECTED = [VERSION, code(-600), FAULT] as const;

/** No real master can be made to answer so: these are scripted. */
describe('A master of Mooncake that', () => {
  const started: (MooncakeScriptedMaster | MooncakeMasters)[] = [];

  afterEach(async () => {
    for (const part of started.splice(0)) {
      if (part instanceof MooncakeMasters) part.close();
      else await part[Symbol.asyncDispose]();
    }
  });

  async function script(...replies: readonly ScriptedReply[]): Promise<MooncakeScriptedMaster> {
    const master = await MooncakeScriptedMaster.start((nth) => replies[nth] ?? 'silence');
    started.push(master);
    return master;
  }

  function clientOf(
    ports: readonly number[],
    options: Partial<MooncakeMastersOptions> = {},
  ): MooncakeMasters {
    const client = new MooncakeMasters({
      label: 'mooncakestore://test',
      masters: ports.map((port) => ({ host: '127.0.0.1', port })),
      tenant: 'default',
      replicas: 1,
      connectTimeoutMs: 300,
      masterSilenceMs: 300,
      ...options,
    });
    started.push(client);
    return client;
  }

  it.each<[string, string, readonly ScriptedReply[]]>([
    ['speaks a release that is not known', 'KV_REMOTE_REFUSED', [VERSION, FAULT, FAULT]],
    [
      'says another version',
      'KV_REMOTE_REFUSED',
      [{ literal: '87800c01', value: { isError: false, value: '3.0.0' } }, code(-600), FAULT],
    ],
    ['does not know the tenant', 'KV_REMOTE_REFUSED', [VERSION, code(-1701), FAULT]],
    ['does not know how to say its version', 'KV_REMOTE_PROTOCOL', [{ fault: 11 }, FAULT, FAULT]],
    [
      'grants a put of no bytes',
      'KV_REMOTE_PROTOCOL',
      [VERSION, { literal: '8784800c01', value: { isError: false, value: [] } }, FAULT],
    ],
    ['is a web server', 'KV_REMOTE_PROTOCOL', [{ raw: 'HTTP/1.1 400 Bad Request\r\n\r\n' }]],
    ['does not lead', 'KV_REMOTE_UNREACHABLE', [VERSION, code(-1011), FAULT]],
    ['hangs up', 'KV_REMOTE_UNREACHABLE', ['hang-up']],
    ['says nothing', 'KV_REMOTE_TIMEOUT', []],
  ])('%s is told: %s', async (_, expected, replies) => {
    const { port } = await script(...replies);
    expect(await errorOf(() => clientOf([port]).connect(undefined))).toMatchObject({ code: expected });
  });

  it('names the releases that are known when it speaks another one', async () => {
    const { port } = await script(VERSION, FAULT, FAULT);
    expect(await errorOf(() => clientOf([port]).connect(undefined))).toMatchObject({
      message: expect.stringContaining('none of the releases 0.3.12, 0.3.13, 0.3.14'),
      retryable: false,
    });
  });

  it('is asked in the words of 0.3.12 when it understands these', async () => {
    const { port } = await script(VERSION, FAULT, code(-600));
    const client = clientOf([port]);
    await client.connect(undefined);
    expect(client.describe()).toContain('Mooncake 0.3.12');
  });

  it('does not lead is passed over, and so is one that does not lead any more', async () => {
    const away = await script(VERSION, code(-1010), FAULT);
    const first = await script(...CONNECTED, { literal: FLAGS, value: [{ isError: true, value: -1011 }] });
    const second = await script(...CONNECTED, { literal: FLAGS, value: [yes] });
    const client = clientOf([away.port, first.port, second.port]);
    expect(await errorOf(() => client.existMany(['a'], undefined))).toMatchObject({
      code: 'KV_REMOTE_UNREACHABLE',
      retryable: true,
    });
    const { generation } = client;
    expect(await client.existMany(['a'], undefined)).toEqual([true]);
    expect(client.generation).toBe(generation + 1);
    expect(client.describe()).toContain(`:${second.port}`);
  });

  it.each<[string, ScriptedReply]>([
    ['another type', { literal: '870b01', value: yes }],
    ['fewer answers than questions', { literal: FLAGS, value: [yes] }],
    ['a fault', FAULT],
    ['a frame that is none', { raw: 'nonsense' }],
  ])('answers with %s is no such master', async (_, reply) => {
    const { port } = await script(...CONNECTED, reply);
    expect(await errorOf(() => clientOf([port]).existMany(['a', 'b'], undefined))).toMatchObject({
      code: 'KV_REMOTE_PROTOCOL',
    });
  });

  it('answers with an error of its own has failed', async () => {
    const { port } = await script(...CONNECTED, { literal: FLAGS, value: [{ isError: true, value: -1 }] });
    expect(await errorOf(() => clientOf([port]).existMany(['a'], undefined))).toMatchObject({
      code: 'KV_REMOTE_FAILED',
      retryable: true,
    });
  });

  it('answers each of many questions that are on their way at once', async () => {
    const count = 100;
    const answers = Array.from({ length: count }, (_, i): ScriptedReply => ({
      literal: FLAGS,
      value: [{ isError: false, value: i % 3 === 0 }],
    }));
    const { port } = await script(...CONNECTED, ...answers);
    const client = clientOf([port]);
    const asked = await Promise.all(Array.from({ length: count }, () => client.existMany(['a'], undefined)));
    expect(asked.map(([isThere]) => isThere)).toEqual(answers.map((_, i) => i % 3 === 0));
  });

  it('is asked again on another connection when the first one was dead before', async () => {
    const master = await MooncakeScriptedMaster.start((nth) => {
      if (nth === 3) return 'hang-up';
      return CONNECTED[nth] ?? CONNECTED[nth - 4] ?? { literal: FLAGS, value: [yes] };
    });
    started.push(master);
    const client = clientOf([master.port]);
    await client.connect(undefined);
    expect(await client.existMany(['a'], undefined)).toEqual([true]);
    expect(client.generation).toBe(2);
  });

  it('owes an answer is given up after a time, and not before', async () => {
    const { port } = await script(...CONNECTED);
    const client = clientOf([port]);
    await client.connect(undefined);
    // Nothing is owed meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await errorOf(() => client.existMany(['a'], undefined))).toMatchObject({
      code: 'KV_REMOTE_TIMEOUT',
    });
    expect(client.generation).toBe(1);
  });

  it('owes an answer is left when nobody waits for it', async () => {
    const { port } = await script(...CONNECTED, 'silence', { literal: FLAGS, value: [yes] });
    const client = clientOf([port], { masterSilenceMs: 5_000 });
    const signal = AbortSignal.timeout(20);
    expect(await errorOf(() => client.existMany(['a'], signal))).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    expect(await client.existMany(['a'], undefined)).toEqual([true]);
  });
});
