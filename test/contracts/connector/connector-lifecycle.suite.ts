import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { errorOf } from '../backend/backend-world.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';
import { inConnectorWorld, type ConnectorWorld, type RemoteConnectorContract } from './connector-world.js';

const apart = { connect: false };

/** Every operation, for what must hold of all of them. */
function operations({
  connector,
  chunk,
  key,
}: Bound): readonly (readonly [string, () => Promise<unknown>])[] {
  return [
    ['ping', () => connector.ping()],
    ['exists', () => connector.exists(key)],
    ['get', () => connector.get(key)],
    ['put', () => connector.put(chunk)],
    ['existsMany', () => connector.existsMany([key])],
    ['getMany', () => connector.getMany([key])],
    ['putMany', () => connector.putMany([chunk])],
  ];
}

type Bound = Pick<ConnectorWorld, 'connector'> & {
  readonly chunk: ReturnType<ConnectorWorld['chunk']>;
  readonly key: ReturnType<ConnectorWorld['key']>;
};

async function expectClosed(world: ConnectorWorld): Promise<void> {
  const key = world.key('key');
  using chunk = world.chunk({ key });
  for (const [name, operation] of operations({ connector: world.connector, chunk, key })) {
    expect([name, await errorOf(operation)]).toEqual([
      name,
      expect.objectContaining({ code: 'KV_REMOTE_CLOSED' }),
    ]);
  }
}

export function describeConnectorLifecycle(contract: RemoteConnectorContract): void {
  describe('lifecycle', () => {
    it('says what it can do', () =>
      inConnectorWorld(
        contract,
        async ({ connector }) => {
          const { maxValueBytes, maxKeyBytes, ...capabilities } = connector.capabilities;
          expect(capabilities).toEqual(contract.capabilities);
          expect(maxValueBytes).toBeGreaterThan(0);
          expect(maxKeyBytes).toBeGreaterThan(0);
          await connector.close();
        },
        apart,
      ));

    it('does nothing before it is connected', () =>
      inConnectorWorld(contract, (world) => expectClosed(world), apart));

    it('does nothing after it is closed', () =>
      inConnectorWorld(contract, async (world) => {
        await Promise.all([world.connector.close(), world.connector.close()]);
        await world.connector.close();
        await expectClosed(world);
      }));

    it('connects once, however often it is asked', () =>
      inConnectorWorld(
        contract,
        async (world) => {
          await Promise.all([world.connector.connect(), world.connector.connect()]);
          await world.connector.connect();
          await world.connector.ping();
          expect(await world.connector.get(world.key('key'))).toBe('miss');
        },
        apart,
      ));

    it('connects again after it was closed', () =>
      inConnectorWorld(contract, async (world) => {
        const key = world.key('key');
        await world.put({ key, bytes: chunkBytes(5_000) });
        await world.connector.close();
        await world.connector.connect();
        const { retains, shared, persistent } = contract.capabilities;
        if (retains && (shared || persistent)) expectBytes(await world.read(key), chunkBytes(5_000));
        else expect(await world.read(key)).toBe('miss');
      }));

    it('settles what runs when it is closed', () =>
      inConnectorWorld(contract, async (world) => {
        using chunk = world.chunk({ key: world.key('key'), bytes: chunkBytes(300_000) });
        const put = world.connector.put(chunk).catch(() => 'failed');
        await world.connector.close();
        expect(['stored', 'failed']).toContain(await put);
      }));
  });

  describe('a call that is taken back', () => {
    it.each(['get', 'put', 'exists'] as const)('%s: settles and keeps nothing', (operation) =>
      inConnectorWorld(contract, async (world) => {
        const key = world.key('key');
        await world.put({ key, bytes: chunkBytes(900_000) });
        using chunk = world.chunk({ key, bytes: chunkBytes(900_000) });
        const abort = new AbortController();
        const running =
          operation === 'put'
            ? world.connector.put(chunk, { signal: abort.signal })
            : world.connector[operation](key, { signal: abort.signal });
        abort.abort();
        const outcome = await running.catch((error: unknown) => error);
        if (typeof outcome === 'object' && outcome !== null && 'views' in outcome) {
          (outcome as ArenaHandle)[Symbol.dispose]();
        }
        const later = await world.read(world.key('other'));
        expect(later).toBe('miss');
      }),
    );
  });
}
