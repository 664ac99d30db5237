import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StoredValue } from '../../src/client/index.js';
import { type DoorClient } from '../contracts/door/door-client.interface.js';
import { DoorProcess } from '../support/doors/door-process.js';
import { DOOR_NAMES, DOORS, type DoorName } from '../support/doors/door-world.js';
import { expectEventually } from '../support/eventually.js';
import { SeededRandom } from '../support/seeded-random.js';

const KEYS = 12;
/** Of each door, before the server is killed and after each new start. */
const HITS = 40;
/** Three times as long as that may take on a busy machine, and the starts. */
const LIMIT_MS = 180_000;
const MAX_BYTES = 60_000;
const MODEL = { model: 'm' };
/** A chunk of the server. */
const TOKENS = 256;

/** Says in every part which version of which key it is; its length follows from both. */
function valueOf(key: string, version: number): Buffer {
  const { length } = key;
  const bytes = 1 + ((version * 7919 + length * 104_729 + key.charCodeAt(length - 1) * 31) % MAX_BYTES);
  return Buffer.alloc(bytes, `<${key}:${version}>`);
}

/** The version of what was answered, all of whose bytes are right. */
function versionOf(key: string, value: Uint8Array): number {
  const said = /^<.*?:(\d+)>/.exec(Buffer.from(value.subarray(0, 80)).toString());
  const versions = said === null ? shortVersions(key, value) : [Number(said[1])];
  const right = versions.find((version) => valueOf(key, version).equals(value));
  if (right === undefined) throw new Error(`${value.length} wrong bytes under ${key}`);
  return right;
}

/** Of a value that is too short to say it. */
function shortVersions(key: string, { length }: Uint8Array): number[] {
  return Array.from({ length: 10_000 }, (_, version) => version).filter(
    (version) => valueOf(key, version).length === length,
  );
}

/** What the workers of all doors share. */
class Ledger {
  /** Highest version that was begun, of each key. */
  readonly begun = new Map<string, number>();
  readonly hits = new Map<DoorName, number>();
  isOver = false;

  next(key: string): number {
    const version = (this.begun.get(key) ?? 0) + 1;
    this.begun.set(key, version);
    return version;
  }

  /** An answer: right to the byte, and of a version that somebody wrote. */
  check(name: DoorName, key: string, value: StoredValue | undefined): void {
    if (value === undefined) return;
    expect(versionOf(key, value.bytes)).toBeLessThanOrEqual(this.begun.get(key) ?? 0);
    this.hits.set(name, (this.hits.get(name) ?? 0) + 1);
  }

  get everyDoorHits(): boolean {
    return DOOR_NAMES.every((name) => (this.hits.get(name) ?? 0) >= HITS);
  }
}

/** Writes and reads keys that all doors write and read; calls may fail, answers may not be wrong. */
async function work(name: DoorName, client: DoorClient, ledger: Ledger): Promise<void> {
  const random = new SeededRandom(DOOR_NAMES.indexOf(name));
  const prefix = Array.from({ length: TOKENS }, () => DOOR_NAMES.indexOf(name));
  const { capabilities } = DOORS[name];
  const steps = [
    async () => {
      const key = `key-${random.below(KEYS)}`;
      await client.put(key, valueOf(key, ledger.next(key)));
    },
    async () => {
      const keys = [`key-${random.below(KEYS)}`, `key-${random.below(KEYS)}`];
      const values = await client.getMany(keys);
      for (const [i, key] of keys.entries()) ledger.check(name, key, values[i]);
    },
    async () => {
      if (!capabilities.tokens) return;
      const key = `prefix of ${name}`;
      await client.store(prefix, [{ index: 0, bytes: valueOf(key, ledger.next(key)) }], MODEL);
      const [chunk] = await client.retrieve(prefix, MODEL);
      ledger.check(name, key, chunk);
    },
  ];
  while (!ledger.isOver) {
    try {
      await random.pick(steps)();
    } catch (error) {
      if (isVerdict(error)) throw error;
      // An outage answers at once: others must have their turn.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** A wrong answer, and not an outage. */
function isVerdict(error: unknown): boolean {
  return error instanceof Error && (error.message.includes('wrong bytes') || 'matcherResult' in error);
}

describe('clients of all doors whose server', () => {
  let server: DoorProcess;

  beforeAll(async () => {
    server = await DoorProcess.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  it(
    'is killed, and started again, go on, and every byte that they are answered is right',
    async () => {
      const ledger = new Ledger();
      const clients = await Promise.all(
        DOOR_NAMES.map(async (name) => [name, await DOORS[name].open(server.addresses)] as const),
      );
      const workers = Promise.all(clients.map(([name, client]) => work(name, client, ledger)));
      const failed = workers.then(() => false);
      const untilEveryDoorHits = async (): Promise<void> => {
        ledger.hits.clear();
        await Promise.race([expectEventually(() => ledger.isOver || ledger.everyDoorHits, 40_000), failed]);
      };
      try {
        await untilEveryDoorHits();
        for (let round = 0; round < 2; round++) {
          await server.kill();
          await server.restart();
          await untilEveryDoorHits();
        }
      } finally {
        ledger.isOver = true;
        await workers;
        await Promise.all(clients.map(([, client]) => client.close()));
      }
    },
    LIMIT_MS,
  );
});
