import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { type FetchOutcome } from '../remote-connector.interface.js';
import { expectNoError } from '../resp-client/resp-errors.js';
import { joinRequests, keyCommand } from './layouts/redis-commands.js';
import { type ChunkRead, type RedisLayout } from './layouts/redis-layout.interface.js';
import { NO_PREFIX, type RedisPrefix, type RedisServer, type RedisServers } from './redis-servers.js';

interface ReadReplies {
  readonly head: readonly RespValue[];
  readonly value: RespValue;
}

/** Reads chunks: what belongs to one in one flight, unless a cluster has it at two servers. */
export class ChunkReader {
  constructor(
    private readonly label: string,
    private readonly servers: RedisServers,
    private readonly layout: RedisLayout,
  ) {}

  async read(key: ChunkKey, signal?: AbortSignal): Promise<FetchOutcome> {
    using read = this.layout.read(key);
    const { head, value } = (await this.#together(read, signal)) ?? (await this.#apart(read, signal));
    expectNoError(this.label, [...head.slice(0, 1), value]);
    const { outcome, useless } = read.finish(head, value);
    if (useless.length > 0) await this.#remove(useless, signal);
    return outcome;
  }

  /** @returns undefined when no single server has both. */
  async #together(read: ChunkRead, signal: AbortSignal | undefined): Promise<ReadReplies | undefined> {
    const server = this.servers.of(read.value.key);
    if (read.head !== undefined && this.servers.of(read.head.key) !== server) return undefined;
    const prefix = read.head ?? NO_PREFIX;
    const replies = await this.servers.send(server, (to) => fetch(to, read, prefix, signal));
    if (replies.some((reply) => this.servers.redirectOf(reply, server) !== undefined)) return undefined;
    return { head: replies.slice(0, prefix.commands), value: replies.at(-1) as RespValue };
  }

  async #apart(read: ChunkRead, signal: AbortSignal | undefined): Promise<ReadReplies> {
    const head = read.head === undefined ? [] : await this.servers.ask(read.head, signal);
    expectNoError(this.label, head.slice(0, 1));
    if (head[0] === null) return { head, value: null };
    const replies = await this.servers.follow(read.value.key, (to, prefix) =>
      fetch(to, read, prefix, signal, head),
    );
    return { head, value: replies.at(-1) as RespValue };
  }

  /** Best effort: what stays is found useless again by the next reader. */
  async #remove(keys: readonly Buffer[], signal: AbortSignal | undefined): Promise<void> {
    await this.servers
      .askMany(
        keys.map((key) => keyCommand('DEL', key)),
        signal,
      )
      .catch(() => undefined);
  }
}

/** @param head what is known already; by default the replies to the prefix. */
function fetch(
  { pool }: RedisServer,
  read: ChunkRead,
  prefix: RedisPrefix,
  signal: AbortSignal | undefined,
  head?: readonly RespValue[],
): Promise<readonly RespValue[]> {
  const { request, commands } = joinRequests([{ ...read.value, ...prefix }, read.value]);
  return pool.lease(
    (connection) =>
      connection.call(request, {
        replies: commands,
        signal,
        onBody: (lengthBytes, before) =>
          before.length === prefix.commands ? read.open(lengthBytes, head ?? before) : undefined,
      }),
    signal,
  );
}
