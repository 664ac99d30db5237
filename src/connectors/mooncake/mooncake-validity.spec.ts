import { beforeEach, describe, expect, it } from '@jest/globals';
import { type MemoryReplica } from '../../protocols/mooncake/mooncake-reply.js';
import { type ChunkIntake } from '../intake/chunk-intake.interface.js';
import { type MooncakeMasters } from './master/mooncake-masters.js';
import { type WhenThere } from './mooncake-engine.interface.js';
import { MooncakePuts } from './mooncake-puts.js';
import { MooncakeReads } from './mooncake-reads.js';
import { type SegmentOwners, type WriteEnd } from './owners/segment-owners.js';
import { type SegmentSizes } from './owners/segment-sizes.js';
import { type TransferConnection } from './owners/transfer-connection.js';

const REPLICA = { lengthBytes: 5, address: 1n, protocol: 'tcp', endpoint: 'e', isComplete: true };
const FULL = { code: -200 };
/** What stands for a chunk that was read. */
const READ = 'busy';

type Read = Parameters<SegmentOwners['read']>[1];

/** A master and an owner who say when what happens, as no real ones do. */
class Store {
  generation = 1;
  readonly asked: string[] = [];
  grants: unknown[] = [[REPLICA], [REPLICA]];
  /** While a transfer waits for a connection, or is on its way. */
  onTransfer: () => void = () => undefined;

  readonly masters = Object.defineProperty(
    {
      replicaLists: (): Promise<unknown> => this.#ask('locate', [{ replicas: [REPLICA], leaseMs: 10_000 }]),
      putStart: (): Promise<unknown> => this.#ask('start', [this.grants.shift()]),
      putEnd: (): Promise<unknown> => this.#ask('end', [0]),
      putRevoke: (): Promise<unknown> => this.#ask('revoke', 0),
      removeMany: (): Promise<unknown> => this.#ask('remove', [0]),
    },
    'generation',
    { get: () => this.generation },
  ) as unknown as MooncakeMasters;

  readonly owners = {
    isReachable: () => true,
    read: (_: MemoryReplica, read: Read): Promise<unknown> => {
      this.onTransfer();
      return read({ read: () => Promise.resolve(true) } as unknown as TransferConnection);
    },
    write: (_: MemoryReplica, __: unknown, isGranted: () => boolean): Promise<WriteEnd> => {
      this.onTransfer();
      return Promise.resolve(isGranted() ? 'written' : 'gone');
    },
  } as unknown as SegmentOwners;

  readonly reads = new MooncakeReads(this.masters, this.owners);
  readonly #puts = new MooncakePuts({
    label: 'mooncakestore://test',
    masters: this.masters,
    owners: this.owners,
    reads: this.reads,
    sizes: { roomFor: () => Promise.resolve(1_000) } as unknown as SegmentSizes,
  });

  async fetch(): Promise<unknown> {
    const intake = { discards: false, finish: () => READ, [Symbol.dispose]: () => undefined };
    const take = (): ChunkIntake => intake as unknown as ChunkIntake;
    const [outcome] = await this.reads.fetchMany([{ name: 'a', take }], undefined);
    return outcome;
  }

  async put(whenThere: WhenThere = 'keep', bytes: Buffer = Buffer.alloc(5)): Promise<unknown> {
    const object = { name: 'a', parts: [bytes], whenThere };
    const [outcome] = await this.#puts.putMany([object], undefined);
    return outcome;
  }

  #ask(what: string, answer: unknown): Promise<unknown> {
    this.asked.push(what);
    return Promise.resolve(answer);
  }
}

describe('A transfer from or to memory of a Mooncake Store', () => {
  let store: Store;

  beforeEach(() => {
    store = new Store();
  });

  it('counts when nothing has happened meanwhile', async () => {
    expect(await store.fetch()).toBe(READ);
    expect(await store.put()).toBe('stored');
    expect(store.asked).toEqual(['locate', 'start', 'end']);
  });

  it('is no read of what was there before the master was replaced: the new one is asked, once', async () => {
    store.onTransfer = () => void (store.generation += store.generation === 1 ? 1 : 0);
    expect(await store.fetch()).toBe(READ);
    expect(store.asked).toEqual(['locate', 'locate']);
    store.onTransfer = () => {
      store.generation++;
    };
    expect(await store.fetch()).toBe('miss');
  });

  it('is no read of what was removed meanwhile', async () => {
    store.onTransfer = () => store.reads.invalidate(['a']);
    expect(await store.fetch()).toBe('miss');
  });

  it('writes nothing to memory that a master granted which was replaced: the new one is asked, once', async () => {
    store.onTransfer = () => void (store.generation += store.generation === 1 ? 1 : 0);
    expect(await store.put()).toBe('stored');
    expect(store.asked).toEqual(['start', 'revoke', 'start', 'end']);
    store.grants = [[REPLICA], [REPLICA]];
    store.onTransfer = () => {
      store.generation++;
    };
    expect(await store.put()).toBe('busy');
  });

  it('that finds no room is tried once more, and not more often', async () => {
    store.grants = [FULL, [REPLICA]];
    expect(await store.put()).toBe('stored');
    store.grants = [FULL, FULL, [REPLICA]];
    expect(await store.put()).toBe('busy');
    expect(store.asked).toEqual(['start', 'start', 'end', 'start', 'start']);
  });

  it.each<[WhenThere, string, Buffer, readonly string[]]>([
    ['keep', 'whatever it is', Buffer.alloc(5, 1), ['start']],
    ['compare', 'with the same bytes', Buffer.alloc(5), ['start', 'locate']],
    ['compare', 'with other bytes', Buffer.alloc(5, 1), ['start', 'locate', 'remove', 'start', 'end']],
    ['compare', 'of another length', Buffer.alloc(4), ['start', 'locate', 'remove', 'start', 'end']],
    ['replace', 'whatever it is', Buffer.alloc(5), ['start', 'remove', 'start', 'end']],
  ])('meets an object that is there, %s: %s', async (whenThere, _, bytes, asked) => {
    store.grants = [{ code: -705 }, [REPLICA]];
    expect(await store.put(whenThere, bytes)).toBe('stored');
    expect(store.asked).toEqual(asked);
  });
});
