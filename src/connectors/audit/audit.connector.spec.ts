import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeRemoteConnectorContract } from '../../../test/contracts/remote-connector.contract.js';
import { connectorFromUrl } from '../../../test/support/connector-from-url.js';
import { damageEntry, loopbackContract } from '../../../test/support/loopback-contract.js';
import { RemoteWorld } from '../../../test/support/remote-world.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { loopbackStore } from '../loopback/loopback.store.js';
import { type RemoteConnector } from '../remote-connector.interface.js';
import { AuditConnector } from './audit.connector.js';
import { AuditLog } from './audit-log.js';
import { ChecksumMemory } from './checksum-memory.js';

const STORE = 'audited';
const ACTUAL = `loopback://${STORE}`;

describeRemoteConnectorContract('audit', {
  ...loopbackContract(),
  create: (context) => {
    loopbackStore(STORE).clear();
    const extraConfig = { audit_actual_remote_url: ACTUAL };
    return connectorFromUrl('audit://host:0?verify=true', context, { extraConfig });
  },
  damage: (key) => damage(key),
});

function damage(key: ChunkKey): void {
  damageEntry(loopbackStore(STORE), key);
}

describe('the lines of an audit', () => {
  const [key, none] = [ChunkKey.of('org/model@1@0@ab@half'), ChunkKey.of('a key with "quotes"')];
  const bytes = Buffer.from('123456789');
  const stored = `key=${key.toString()} outcome=stored bytes=9 crc32c=e3069283`;
  let lines: string[];
  let world: RemoteWorld;

  beforeEach(async () => {
    loopbackStore(STORE).clear();
    world = await RemoteWorld.open(ACTUAL);
    lines = [];
  });

  afterEach(() => world.close());

  /** A line without its duration, which is checked to be one. */
  function keep(level: string): (line: string) => void {
    return (line) => {
      const known = line.replace(/ ms=\d+\.\d{3}(?= |$)/, '');
      if (!line.includes('outcome=differs')) expect(known).not.toBe(line);
      lines.push(`${level} ${known}`);
    };
  }

  function audited(actual: RemoteConnector = world.connector, remember?: number): AuditConnector {
    const [debug, log, warn, error] = ['debug', 'log', 'warn', 'error'].map(keep) as [
      (line: string) => void,
      (line: string) => void,
      (line: string) => void,
      (line: string) => void,
    ];
    return new AuditConnector({
      actual,
      log: new AuditLog({ debug, log, warn, error }, 'info'),
      memory: remember === undefined ? undefined : new ChecksumMemory(remember),
    });
  }

  async function put(connector: RemoteConnector, chunk: { key: ChunkKey; bytes?: Buffer }): Promise<void> {
    using handle = world.chunk({ bytes, ...chunk });
    await connector.put(handle);
  }

  async function get(connector: RemoteConnector, wanted: ChunkKey): Promise<void> {
    const outcome = await connector.get(wanted);
    if (typeof outcome !== 'string') outcome[Symbol.dispose]();
  }

  it('tell every call, with what came of it', async () => {
    const connector = audited();
    await connector.connect();
    await connector.ping();
    await put(connector, { key });
    await connector.exists(key);
    await get(connector, key);
    await get(connector, none);
    await connector.list('', 10);
    await connector.remove(key);
    await connector.remove(none);
    await connector.close();
    expect(lines).toEqual([
      'log operation=connect outcome=ok',
      'log operation=ping outcome=ok',
      `log operation=put ${stored}`,
      `log operation=exists key=${key.toString()} outcome=found`,
      `log operation=get key=${key.toString()} outcome=hit bytes=9 crc32c=e3069283`,
      String.raw`log operation=get key="a key with \"quotes\"" outcome=miss`,
      'log operation=list outcome=ok chunks=1',
      `log operation=remove key=${key.toString()} outcome=removed`,
      String.raw`log operation=remove key="a key with \"quotes\"" outcome=miss`,
      'log operation=close outcome=ok',
    ]);
  });

  it('tell of each chunk of a call for many', async () => {
    const connector = audited();
    const plain = ChunkKey.of('plain');
    {
      using first = world.chunk({ key, bytes });
      using second = world.chunk({ key: plain, bytes: Buffer.from('2') });
      await connector.putMany([first, second]);
    }
    await connector.existsMany([plain, none]);
    damage(plain);
    for (const outcome of await connector.getMany([key, plain]))
      if (typeof outcome !== 'string') outcome[Symbol.dispose]();
    await connector.removeMany([none, plain]);
    expect(lines).toEqual([
      `log operation=putMany ${stored}`,
      'log operation=putMany key=plain outcome=stored bytes=1 crc32c=83a56a17',
      'log operation=existsMany key=plain outcome=found',
      String.raw`log operation=existsMany key="a key with \"quotes\"" outcome=miss`,
      `log operation=getMany key=${key.toString()} outcome=hit bytes=9 crc32c=e3069283`,
      'log operation=getMany key=plain outcome=corrupt',
      String.raw`log operation=removeMany key="a key with \"quotes\"" outcome=miss`,
      'log operation=removeMany key=plain outcome=removed',
    ]);
  });

  it('warn of a call that fails, which fails all the same', async () => {
    const connector = audited();
    await connector.close();
    lines = [];
    await expect(connector.get(key)).rejects.toMatchObject({ code: 'KV_REMOTE_CLOSED' });
    await expect(connector.existsMany([key, none])).rejects.toMatchObject({ code: 'KV_REMOTE_CLOSED' });
    const why = `code=KV_REMOTE_CLOSED message="The connector of ${ACTUAL} is closed"`;
    expect(lines).toEqual([
      `warn operation=get key=${key.toString()} outcome=error ${why}`,
      `warn operation=existsMany key=${key.toString()} outcome=error ${why}`,
      String.raw`warn operation=existsMany key="a key with \"quotes\"" outcome=error ${why}`,
    ]);
  });

  it('warn of a get that differs from what was put, when asked to', async () => {
    const connector = audited(world.connector, 10);
    const other = { key, bytes: Buffer.from('987654321') };
    await put(connector, { key });
    await put(world.connector, other);
    await get(connector, key);
    const differs = `warn operation=get key=${key.toString()} outcome=differs put=e3069283 crc32c=e46bd790`;
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([differs]);

    await put(connector, other);
    await get(connector, key);
    await connector.remove(key);
    await put(world.connector, { key });
    await get(connector, key);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([differs]);
  });

  it('know no difference without being asked', async () => {
    const connector = audited();
    await put(connector, { key });
    await put(world.connector, { key, bytes: Buffer.from('987654321') });
    await get(connector, key);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });
});

describe('the memory of an audit', () => {
  it('keeps so many checksums, of the chunks that were used last', () => {
    const memory = new ChecksumMemory(2);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ChunkKey.of(name)) as [ChunkKey, ChunkKey, ChunkKey];
    memory.remember(a, 1);
    memory.remember(b, 2);
    expect(memory.recall(a)).toBe(1);
    memory.remember(c, 3);
    expect([memory.recall(a), memory.recall(b), memory.recall(c)]).toEqual([1, undefined, 3]);
    memory.forget(a);
    expect(memory.recall(a)).toBeUndefined();
  });
});

describe('audit:// in the configuration', () => {
  it('gives the options that it does not know to the connector behind', async () => {
    const options = { audit_actual_remote_url: 'fs:///tmp/kvnest-none', level: 'debug', layout: 'sealed' };
    const world = await RemoteWorld.create('audit://h:0', { options });
    expect(world.connector.capabilities.metadata).toBe('any');
    world.arena.close();
  });

  it.each([
    ['no store', 'audit://h:0', {}, /audit_actual_remote_url/],
    ['itself', 'audit://h:0', { audit_actual_remote_url: 'audit://h:1' }, /audits an audit/],
    ['an option unknown', 'audit://h?verfy=1', { audit_actual_remote_url: ACTUAL }, /did you mean verify/],
    [
      'an option of nobody',
      'audit://h',
      { audit_actual_remote_url: ACTUAL, io_depth: 2 },
      /io_depth: is unknown/,
    ],
  ])('is refused with %s', async (_, url, options, message) => {
    await expect(RemoteWorld.create(url, { options })).rejects.toMatchObject({
      code: 'KV_CONFIG_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
  });
});
