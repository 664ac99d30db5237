import { type ArenaHandle } from '../../arena/arena.interface.js';
import { RespErrorReply, type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type LateWrites } from '../late-writes.js';
import { type SendOutcome } from '../remote-connector.interface.js';
import { respError } from '../resp-client/resp-errors.js';
import { joinRequests, keyCommand } from './layouts/redis-commands.js';
import { type RedisLayout, type RedisRequest } from './layouts/redis-layout.interface.js';
import { type RedisPrefix, type RedisServer, type RedisServers, NO_PREFIX } from './redis-servers.js';

interface WriteToSend {
  readonly key: ChunkKey;
  readonly late: LateWrites;
  readonly signal: AbortSignal | undefined;
}

/** Writes chunks: what belongs to one in one flight, unless a cluster has it at two servers. */
export class ChunkWriter {
  constructor(
    private readonly label: string,
    private readonly servers: RedisServers,
    private readonly layout: RedisLayout,
    private readonly late: LateWrites,
  ) {}

  async write(chunk: ArenaHandle, signal?: AbortSignal): Promise<SendOutcome> {
    const { key, lengthBytes } = chunk;
    await this.late.settled([key], signal);
    if (lengthBytes > this.layout.maxValueBytes) return this.#refuse(chunk, 'rejected', signal);
    const requests = this.layout.write(chunk);
    const write: WriteToSend = { key, late: this.late, signal };
    const replies = (await this.#together(requests, write)) ?? (await this.#apart(requests, write));
    const error = replies.find((reply) => reply instanceof RespErrorReply);
    if (error === undefined) return 'stored';
    if (error.code === 'OOM') return this.#refuse(chunk, 'busy', signal);
    await this.#remove(chunk, signal);
    throw respError(this.label, error);
  }

  /** @returns undefined when no single server has all keys. */
  async #together(
    requests: readonly RedisRequest[],
    write: WriteToSend,
  ): Promise<readonly RespValue[] | undefined> {
    const [server, ...others] = new Set(requests.map(({ key }) => this.servers.of(key)));
    if (server === undefined || others.length > 0) return undefined;
    const replies = await this.servers.send(server, (to) => send(to, requests, NO_PREFIX, write));
    const isElsewhere = replies.some((reply) => this.servers.redirectOf(reply, server) !== undefined);
    return isElsewhere ? undefined : replies;
  }

  /** One after the other, up to the first error. */
  async #apart(requests: readonly RedisRequest[], write: WriteToSend): Promise<readonly RespValue[]> {
    const replies: RespValue[] = [];
    for (const request of requests) {
      replies.push(
        ...(await this.servers.follow(request.key, (to, prefix) => send(to, [request], prefix, write))),
      );
      if (replies.at(-1) instanceof RespErrorReply) break;
    }
    return replies;
  }

  async #refuse(
    chunk: ArenaHandle,
    outcome: SendOutcome,
    signal: AbortSignal | undefined,
  ): Promise<SendOutcome> {
    await this.#remove(chunk, signal);
    return outcome;
  }

  /** No older value of the key is left. */
  async #remove({ key }: ArenaHandle, signal: AbortSignal | undefined): Promise<void> {
    await this.servers.askMany(
      this.layout.keysOf(key).map((redisKey) => keyCommand('DEL', redisKey)),
      signal,
    );
  }
}

async function send(
  { pool }: RedisServer,
  requests: readonly RedisRequest[],
  prefix: RedisPrefix,
  { key, late, signal }: WriteToSend,
): Promise<readonly RespValue[]> {
  const joined = joinRequests(requests);
  const request = [...prefix.request, ...joined.request];
  const replies = await pool.lease((connection) => {
    const options = { replies: prefix.commands + joined.commands, isLong: true, signal };
    return late.watch(key, connection.call(request, options), connection.closed);
  }, signal);
  return replies.slice(prefix.commands);
}
