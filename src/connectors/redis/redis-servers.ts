import { isKvError } from '../../common/errors/kv-error.js';
import { RespErrorReply, type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { addressKey, type RespAddress } from '../resp-client/resp-address.js';
import { type RespPool } from '../resp-client/resp-pool.js';
import { encodeCommand } from '../resp-client/resp-request.js';
import { joinRequests } from './layouts/redis-commands.js';
import { type RedisRequest } from './layouts/redis-layout.interface.js';
import { type Redirect, redirectOf } from './redirect.js';
import { type RedisTopology } from './topology/redis-topology.interface.js';

/** Connections to one server. */
export interface RedisServer {
  readonly address: RespAddress;
  readonly pool: RespPool;
}

export interface RedisServersOptions {
  readonly topology: RedisTopology;
  readonly openPool: (address: RespAddress) => RespPool;
}

/** What is sent to one server; the replies to `prefix`, if there is any, are not among those it gives. */
export type SendTo = (server: RedisServer, prefix: RedisPrefix) => Promise<readonly RespValue[]>;

/** Commands that must come right before others. */
export type RedisPrefix = Pick<RedisRequest, 'request' | 'commands'>;

export const NO_PREFIX: RedisPrefix = { request: [], commands: 0 };
const ASKING: RedisPrefix = { request: [encodeCommand('ASKING')], commands: 1 };
const MAX_HOPS = 5;
/** Servers outside of the cluster that are remembered, beside as many as it has. */
const MAX_STRANGERS = 16;
/** The servers are not what they were. */
const CHANGES = new Set(['MOVED', 'READONLY', 'CLUSTERDOWN', 'MASTERDOWN', 'LOADING']);

/** The servers of a store: sends commands to the one that has the key, and follows where they are sent on. */
export class RedisServers {
  readonly #options: RedisServersOptions;
  readonly #servers = new Map<string, RedisServer>();

  constructor(options: RedisServersOptions) {
    this.#options = options;
  }

  /** Calls that run are rejected with KV_REMOTE_CLOSED. */
  close(): void {
    for (const { pool } of this.#servers.values()) pool.close();
    this.#servers.clear();
  }

  /** All that hold keys now. */
  all(): readonly RedisServer[] {
    return this.#options.topology.servers().map((address) => this.#at(address));
  }

  /** @throws KV_REMOTE_UNREACHABLE while nobody has the key. */
  of(key: Buffer): RedisServer {
    return this.#at(this.#options.topology.serverOf(key));
  }

  /** Where a reply of this server sends us on, if it does. */
  redirectOf(reply: RespValue | undefined, { address }: RedisServer): Redirect | undefined {
    return this.#options.topology.redirects ? redirectOf(reply, address) : undefined;
  }

  /** One small request, wherever its key is now. */
  ask(request: RedisRequest, signal?: AbortSignal): Promise<readonly RespValue[]> {
    return this.follow(request.key, async ({ pool }, prefix) => {
      const { request: bytes, commands } = joinRequests([{ ...request, ...prefix }, request]);
      const replies = await pool.ask(bytes, { replies: commands, signal });
      return replies.slice(prefix.commands);
    });
  }

  /** Many small requests of one command each: one flight to each server. @returns a reply to each. */
  async askMany(requests: readonly RedisRequest[], signal?: AbortSignal): Promise<readonly RespValue[]> {
    const replies: RespValue[] = new Array<RespValue>(requests.length).fill(null);
    const groups = Map.groupBy(requests.keys(), (i) => this.of((requests[i] as RedisRequest).key));
    const flights = [...groups].map(async ([server, places]) => {
      const { request, commands } = joinRequests(places.map((i) => requests[i] as RedisRequest));
      const answers = await this.send(server, ({ pool }) =>
        pool.ask([Buffer.concat(request)], { replies: commands, signal }),
      );
      await Promise.all(
        places.map(async (place, i) => {
          const reply = answers[i] as RespValue;
          const isElsewhere = this.redirectOf(reply, server) !== undefined;
          replies[place] = isElsewhere
            ? ((await this.ask(requests[place] as RedisRequest, signal))[0] as RespValue)
            : reply;
        }),
      );
    });
    await Promise.all(flights);
    return replies;
  }

  /** Sends to the server of the key, and again to another one as long as the replies say so. */
  async follow(key: Buffer, send: SendTo): Promise<readonly RespValue[]> {
    let server = this.of(key);
    let prefix = NO_PREFIX;
    for (let hop = 0; ; hop++) {
      const replies = await this.send(server, (to) => send(to, prefix));
      const redirect = replies.map((reply) => this.redirectOf(reply, server)).find((found) => found);
      if (redirect === undefined || hop === MAX_HOPS) return replies;
      server = this.#at(redirect.address);
      prefix = redirect.kind === 'ASK' ? ASKING : NO_PREFIX;
    }
  }

  /** Sends to this server; when it does not answer or is not what it was, the topology looks again. */
  async send(
    server: RedisServer,
    send: (server: RedisServer) => Promise<readonly RespValue[]>,
  ): Promise<readonly RespValue[]> {
    try {
      const replies = await send(server);
      if (replies.some((reply) => reply instanceof RespErrorReply && CHANGES.has(reply.code)))
        this.#lookAgain();
      return replies;
    } catch (error) {
      if (isKvError(error, 'KV_REMOTE_UNREACHABLE') || isKvError(error, 'KV_REMOTE_TIMEOUT'))
        this.#lookAgain();
      throw error;
    }
  }

  /** Nobody waits: the caller's next try finds what it finds. */
  #lookAgain(): void {
    this.#options.topology.refresh().catch(() => undefined);
  }

  #at(address: RespAddress): RedisServer {
    const key = addressKey(address);
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    const made = { address, pool: this.#options.openPool(address) };
    this.#forgetStrangers();
    this.#servers.set(key, made);
    return made;
  }

  /** Servers that are none any more, or were never: whoever answers MOVED may name any number of them. */
  #forgetStrangers(): void {
    const members = this.#options.topology.servers();
    if (this.#servers.size < 2 * members.length + MAX_STRANGERS) return;
    const keep = new Set(members.map(addressKey));
    for (const [key, { pool }] of this.#servers) {
      if (keep.has(key)) continue;
      pool.close();
      this.#servers.delete(key);
    }
  }
}
