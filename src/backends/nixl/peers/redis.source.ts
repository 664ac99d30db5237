import { type ConnectionOptions } from 'node:tls';
import { type Redis } from 'ioredis';
import { type ConnectorUrl } from '../../../connectors/connector-url.js';
import { type PeerAddress } from './peer-address.js';
import { type PeerLogger, type PeerSource } from './peer-source.interface.js';
import { reasonOf } from './reason-of.js';
import { formatEntry, parseEntry, type RegistryEntry } from './registry-entry.js';

export interface RedisSourceOptions {
  /** What logs call the tier. */
  readonly what: string;
  /** What logs call the registry. */
  readonly label: string;
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly db: number;
    readonly username?: string;
    readonly password?: string;
    readonly tls?: ConnectionOptions;
  };
  readonly key: string;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  /** This server; undefined: it is not told to others. */
  readonly self: RegistryEntry | undefined;
  /** Of this server. */
  readonly bootId: string;
  /** @throws for what cannot be an address. */
  readonly addressOf: (url: ConnectorUrl) => PeerAddress;
  readonly logger: PeerLogger;
}

/** Who was not heard of for so many heartbeats is gone. */
const LIFETIME_HEARTBEATS = 3;
/** The whole key goes when nobody has used it for so long. */
const KEY_LIFETIME_MS = 600_000;
const MAX_RETRY_MS = 5_000;
const MAX_ENTRIES = 1_024;
const DISCONNECT_MS = 100;

/**
 * Servers that tell each other where they are, through one sorted set in Redis: the entries by the time at which they
 * expire, by the clock of Redis. While Redis is away, peers stay as they were.
 */
export class RedisSource implements PeerSource {
  readonly #options: RedisSourceOptions;
  #redis: Redis | undefined;
  #onPeers: (peers: readonly PeerAddress[]) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #isAnnounced = false;
  #isToldFailing = false;
  #latest: string | undefined;

  constructor(options: RedisSourceOptions) {
    this.#options = options;
  }

  async start(onPeers: (peers: readonly PeerAddress[]) => void): Promise<void> {
    this.#onPeers = onPeers;
    this.#latest = undefined;
    this.#redis = await this.#connect();
    await this.#beat();
  }

  announce(): void {
    if (this.#options.self === undefined) return;
    this.#isAnnounced = true;
    void this.#beat();
  }

  async withdraw(): Promise<void> {
    const { self, key } = this.#options;
    if (self === undefined || !this.#isAnnounced) return;
    this.#isAnnounced = false;
    await this.#round;
    await this.#redis?.zrem(key, formatEntry(self)).catch(() => undefined);
  }

  async stop(): Promise<void> {
    await this.withdraw();
    const redis = this.#redis;
    this.#redis = undefined;
    clearTimeout(this.#timer);
    redis?.disconnect();
    await this.#round;
  }

  /** It brings some 20 MB that only a server with a registry is to pay for. */
  async #connect(): Promise<Redis> {
    const { server, timeoutMs } = this.#options;
    const { Redis: Client } = await import('ioredis');
    const client = new Client({
      ...server,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      retryStrategy: (times) => Math.min(times * 100, MAX_RETRY_MS),
      // ioredis waits so long at the end, also where there is no connection to end.
      disconnectTimeout: DISCONNECT_MS,
      maxRetriesPerRequest: null,
      connectionName: 'kvnest',
    });
    // Each round tells what is wrong.
    client.on('error', () => undefined);
    return client;
  }

  /** One round now, and the next when it is time. */
  async #beat(): Promise<void> {
    clearTimeout(this.#timer);
    const round = (this.#round ?? Promise.resolve()).then(() => this.#exchange());
    this.#round = round;
    await round;
    if (this.#redis === undefined || this.#round !== round) return;
    this.#timer = setTimeout(() => void this.#beat(), this.#options.heartbeatMs).unref();
  }

  async #exchange(): Promise<void> {
    const redis = this.#redis;
    if (redis === undefined) return;
    try {
      const [seconds = 0, microseconds = 0] = await redis.time();
      const nowMs = seconds * 1_000 + Math.floor(microseconds / 1_000);
      if (this.#isAnnounced) await this.#tellOthers(redis, nowMs);
      const entries = await redis.zrangebyscore(this.#options.key, nowMs, '+inf', 'LIMIT', 0, MAX_ENTRIES);
      this.#tell(undefined);
      this.#take(entries);
    } catch (error) {
      this.#tell(error);
    }
  }

  async #tellOthers(redis: Redis, nowMs: number): Promise<void> {
    const { key, heartbeatMs, self } = this.#options;
    if (self === undefined) return;
    const expiresAtMs = nowMs + LIFETIME_HEARTBEATS * heartbeatMs;
    const replies = await redis
      .multi()
      .zadd(key, expiresAtMs, formatEntry(self))
      .zremrangebyscore(key, '-inf', nowMs - 1)
      .pexpire(key, KEY_LIFETIME_MS)
      .exec();
    const failure = replies?.find(([error]) => error !== null)?.[0];
    if (failure !== undefined && failure !== null) throw failure;
  }

  #take(entries: readonly string[]): void {
    const { bootId, addressOf } = this.#options;
    const others = entries
      .flatMap((text) => parseEntry(text) ?? [])
      .filter((entry) => entry.bootId !== bootId);
    const peers = others.flatMap(({ url }) => {
      try {
        return [addressOf(url)];
      } catch {
        return [];
      }
    });
    const latest = peers
      .map(({ name }) => name)
      .sort()
      .join();
    if (this.#redis === undefined || latest === this.#latest) return;
    this.#latest = latest;
    this.#onPeers(peers);
  }

  /** One line when it begins to fail, one when that ends. */
  #tell(error: unknown): void {
    const { what, label, logger } = this.#options;
    if ((error !== undefined) === this.#isToldFailing || this.#redis === undefined) return;
    this.#isToldFailing = error !== undefined;
    if (error === undefined) logger.log(`${what}: the registry ${label} answers again`);
    else
      logger.warn(
        `${what}: the registry ${label} does not answer, peers stay as they are: ${reasonOf(error)}`,
      );
  }
}
