import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { encodeCommand, RespTestClient } from '../support/resp-client.js';
import { createTestRespDoor, type TestRespDoor } from '../support/resp-door.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RedisServer } from '../support/resp-redis-server.js';
import { SeededRandom } from '../support/seeded-random.js';

type Command = readonly (string | Buffer)[];

const KEYS = ['a', 'b', 'key:1', 'key:2', 'm@1@0@ff@half', 'm@1@0@ff@halfmetadat', 'x'.repeat(300), ''];
const LENGTHS = [0, 1, 2, 100, 1023, 1024, 1025, 20_000, 70_000];

/** Commands that both servers understand in the same way, right and wrong ones. */
class CommandSource {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  next(): Command {
    const random = this.#random;
    const key = (): string => random.pick(KEYS);
    const some = (name: string): Command => [name, ...Array.from({ length: 1 + random.below(4) }, key)];
    const makers: (() => Command)[] = [
      () => ['GET', key()],
      () => ['get', key()],
      () => this.#set(key()),
      () => this.#set(key()),
      () => this.#set(key()),
      () => some('EXISTS'),
      () => some('DEL'),
      () => some('UNLINK'),
      () => some('MGET'),
      () => ['STRLEN', key()],
      () => ['TYPE', key()],
      () => ['TTL', key()],
      () => this.#expire(key()),
      () => ['PING'],
      () => ['PING', this.#word()],
      () => ['ECHO', this.#word()],
      () => ['SELECT', this.#word()],
      () => ['DBSIZE'],
      () => this.#wrong(),
    ];
    return random.pick(makers)();
  }

  #set(key: string): Command {
    const random = this.#random;
    const value = Buffer.alloc(random.pick(LENGTHS), String(random.below(1000)));
    const options = (): string[][] => [
      ['EX', this.#number()],
      ['PX', `${1 + random.below(9)}000000`],
      ['ex', '100'],
      ['NX'],
      ['xx'],
      ['KEEPTTL'],
      ['EXAT', '33177117420'],
      ['PXAT', '33177117420000'],
      ['GARBAGE'],
    ];
    const chosen = Array.from({ length: Math.max(0, random.below(5) - 2) }, () => random.pick(options()));
    return ['SET', key, value, ...chosen.flat()];
  }

  #expire(key: string): Command {
    const condition = this.#random.pick([
      [],
      [],
      ['NX'],
      ['XX'],
      ['GT'],
      ['LT'],
      ['NX', 'XX'],
      ['GT', 'LT'],
      ['no'],
    ]);
    return ['EXPIRE', key, this.#number(), ...condition];
  }

  #number(): string {
    const texts = ['1000', '2000', '0', '-1', '9223372036854775807', '9223372036854775808', '1.5', 'abc', ''];
    return this.#random.pick([...texts, '9223372036854776', '-9223372036854775808', '01', ' 1', '+1']);
  }

  #word(): string {
    return this.#random.pick(['0', '1', '15', '16', '-1', 'x', '4294967296', 'hello world', 'a\r\nb', '']);
  }

  #wrong(): Command {
    const args = Array.from({ length: this.#random.below(4) }, () => this.#word());
    const names = [
      'GET',
      'SET',
      'EXISTS',
      'DEL',
      'MGET',
      'TTL',
      'EXPIRE',
      'PING',
      'ECHO',
      'DBSIZE',
      'STRLEN',
      'TYPE',
    ];
    const others = ['NOSUCH', 'no such', 'FLUSHDB', 'AUTH', 'CLIENT', 'CONFIG', 'SCAN', 'SELECT', 'HELLO'];
    const name = this.#random.pick([...names, ...others, 'x'.repeat(200)]);
    if (['AUTH', 'CLIENT', 'CONFIG', 'HELLO'].includes(name)) return this.#subcommand(name);
    return name === 'SCAN' ? [name, '0', ...args] : [name, ...args];
  }

  #subcommand(name: string): Command {
    return this.#random.pick<Command>([
      [name, 'nonsense', 'a', 'b'],
      ['AUTH', 'secret'],
      ['AUTH', 'nobody', 'secret'],
      ['AUTH', 'a', 'b', 'c'],
      ['CLIENT'],
      ['CLIENT', 'GETNAME'],
      ['CLIENT', 'SETNAME', 'me'],
      ['CLIENT', 'SETNAME', 'not me'],
      ['CLIENT', 'SETNAME', ''],
      ['CLIENT', 'ID', 'x'],
      ['CLIENT', 'SETINFO', 'LIB-NAME', 'x'],
      ['CLIENT', 'NO-EVICT', 'on'],
      ['CLIENT', 'NO-EVICT', 'perhaps'],
      ['CONFIG', 'GET', 'save'],
      ['CONFIG', 'GET', 'appendonl?'],
      ['HELLO', '4'],
      ['HELLO', 'x'],
      ['HELLO', '2', 'AUTH', 'x'],
      ['HELLO', '2', 'AUTH', 'x', 'y'],
      ['HELLO', '2', 'SETNAME', 'a b'],
    ]);
  }
}

/** The next reply, to the byte, but for the pages of SCAN and the last second of TTL. */
async function nextReply(client: RespTestClient, command: Command): Promise<string | number> {
  const from = client.position;
  const reply = await client.next();
  const name = command[0]?.toString().toUpperCase();
  if (name === 'TTL' && typeof reply === 'number') return Math.round(reply / (reply > 1e6 ? 1e6 : 10));
  if (name === 'SCAN' && Array.isArray(reply)) return 'a page';
  return (
    client.received.toString('latin1', from, Math.min(client.position, from + 300)) +
    String(client.position - from)
  );
}

describeWithPeer(missingCommand('redis-server', ['--version']))(
  'RESP door: the same replies as Redis',
  () => {
    let server: TestRespDoor;
    let redis: RedisServer;

    beforeAll(async () => {
      [server, redis] = await Promise.all([createTestRespDoor(), RedisServer.start()]);
    });

    afterAll(async () => {
      await Promise.all([server.close(), redis.stop()]);
    });

    const rounds = process.env['KVNEST_SOAK'] === '1' ? 200 : 6;

    it.each(Array.from({ length: rounds }, (_, seed) => ({ seed, version: 2 + (seed % 2) })))(
      'seed $seed in RESP$version',
      async ({ seed, version }) => {
        using ours = await RespTestClient.open(server.port);
        using theirs = await RespTestClient.open(redis.port);
        for (const client of [ours, theirs]) {
          for (const database of ['0', '1', '15']) {
            await client.call('SELECT', database);
            await client.call('FLUSHDB');
          }
          await client.call('SELECT', '0');
          await client.call('HELLO', String(version));
        }
        const source = new CommandSource(seed);
        const commands = Array.from({ length: 500 }, () => source.next());
        for (const client of [ours, theirs])
          client.socket.write(Buffer.concat(commands.map((c) => encodeCommand(...c))));
        for (const [index, command] of commands.entries()) {
          const [actual, expected] = await Promise.all([
            nextReply(ours, command),
            nextReply(theirs, command),
          ]);
          const shown = command.map((arg) => arg.toString().slice(0, 40));
          expect([index, shown, actual]).toEqual([index, shown, expected]);
        }
        expect(await scanAll(ours)).toEqual(await scanAll(theirs));
        expect(server.references()).toBe(0);
      },
    );
  },
);

async function scanAll(client: RespTestClient): Promise<string[]> {
  const names = new Set<string>();
  let cursor = '0';
  do {
    const [next, page] = (await client.call('SCAN', cursor, 'COUNT', '3', 'MATCH', '*[a-km:]*')) as [
      Buffer,
      Buffer[],
    ];
    for (const name of page) names.add(name.toString());
    cursor = next.toString();
  } while (cursor !== '0');
  return [...names].sort();
}
