import { describe, expect, it } from '@jest/globals';
import { RespTestClient } from '../support/resp-client.js';
import { createTestRespDoor, type TestRespDoor } from '../support/resp-door.js';
import {
  encodeMessage,
  readTranscript,
  type TranscriptRecord,
  type TranscriptSection,
} from '../support/resp-transcript.js';

/** Sends what LMCache sent, on as many connections, and compares every byte that comes back. */
class Replay {
  readonly #clients = new Map<number, RespTestClient>();
  /** Commands that wait for their reply, by connection. */
  readonly #sent = new Map<number, TranscriptRecord[]>();
  replies = 0;

  constructor(
    private readonly server: TestRespDoor,
    private readonly section: TranscriptSection,
  ) {}

  async run(): Promise<void> {
    for (const [index, record] of this.section.records.entries()) {
      const client = await this.#client(record.connection);
      if (record.eof) {
        if (record.fromClient) client.socket.end();
      } else if (record.fromClient) {
        await this.#meddle(index, record);
        client.socket.write(encodeMessage(record.message)!);
        this.#queue(record.connection).push(record);
      } else {
        await this.#compare(client, record);
      }
    }
    for (const client of this.#clients.values()) {
      client.socket.end();
      expect(await client.closed).toBe(false);
    }
  }

  async #compare(client: RespTestClient, record: TranscriptRecord): Promise<void> {
    const command = this.#queue(record.connection).shift();
    const expected = encodeMessage(record.message);
    this.replies++;
    if (expected === undefined) {
      const { '%': recorded } = record.message as { '%': readonly unknown[] };
      expect(withoutIdentity(asStrings(await client.next()))).toEqual(withoutIdentity(recorded.map(String)));
      return;
    }
    expect(expected.length).toBe(record.bytes);
    const actual = await client.bytes(expected.length);
    if (!actual.equals(expected)) {
      throw new Error(`${JSON.stringify(command?.message)}: ${actual.subarray(0, 80).toString()}`);
    }
  }

  /** The recording has one half removed "behind its back", by a connection that was not recorded. */
  async #meddle(index: number, record: TranscriptRecord): Promise<void> {
    const [name, key] = record.message as readonly string[];
    if (name !== 'GET' || key?.endsWith('kv_bytes') !== true) return;
    const reply = this.section.records
      .slice(index)
      .find((later) => !later.fromClient && later.connection === record.connection);
    if (reply?.message !== '_') return;
    using other = await RespTestClient.open(this.server.port);
    if (this.section.what.includes(':pw@')) {
      await other.call('AUTH', 'pw');
      await other.call('SELECT', '2');
    }
    expect(await other.call('DEL', key)).toBe(1);
  }

  async #client(connection: number): Promise<RespTestClient> {
    const known = this.#clients.get(connection);
    if (known !== undefined) return known;
    const client = await RespTestClient.open(this.server.port);
    this.#clients.set(connection, client);
    return client;
  }

  #queue(connection: number): TranscriptRecord[] {
    const queue = this.#sent.get(connection) ?? [];
    this.#sent.set(connection, queue);
    return queue;
  }
}

function asStrings(reply: unknown): string[] {
  return (reply as { map: readonly unknown[] }).map.map(String);
}

/** HELLO's reply without what differs between two servers, or two connections. Integers lose their colon. */
function withoutIdentity(fields: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) map.set(fields[i]!, fields[i + 1]!.replace(/^:/, ''));
  for (const name of ['server', 'version', 'id']) expect(map.delete(name)).toBe(true);
  return map;
}

describe.each(['lmcache-redis-transcript.jsonl', 'lmcache-resp-transcript.jsonl'])(
  'RESP door: %s',
  (file) => {
    const sections = readTranscript(file).map((section) => ({
      ...section,
      title: section.what.slice(0, 70),
    }));

    it.each(sections)('$title', async (section) => {
      const server = await createTestRespDoor(section.what.includes(':pw@') ? { token: 'pw' } : {});
      const replay = new Replay(server, section);
      await replay.run();
      expect(replay.replies).toBe(
        section.records.filter(({ fromClient, eof }) => !fromClient && !eof).length,
      );
      expect(server.counter('command_failures')).toBe(0);
      expect(server.references()).toBe(0);
      await server.close();
    });
  },
);
