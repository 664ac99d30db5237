import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectEventually } from './eventually.js';
import { redisCommand, untilRedis } from './redis-admin.js';
import { freePort, RedisProcess } from './redis-process.js';
import { RedisServer } from './resp-redis-server.js';

const SERVICE = 'kvnest';
/**
 * Shorter than by default, so that a failover takes about a second. During one, INFO comes once a second whatever is
 * set: it counts for five pings, and a promoted replica is left alone for four publications.
 */
const PERIODS = ['ping-period', '300', 'info-period', '100', 'ask-period', '100', 'publish-period', '400'];
const REPLICATION = ['--repl-diskless-sync-delay', '0'];

export interface SentinelSetOptions {
  /** Given to the data servers. */
  readonly serverOptions?: readonly string[];
  /** Lines for sentinel.conf. */
  readonly sentinelLines?: readonly string[];
}

/** One master, two replicas, and three sentinels that watch them under the name `kvnest`. */
export class RedisSentinelSet {
  readonly service = SERVICE;
  readonly servers = new Map<number, RedisServer>();
  readonly sentinels = new Map<number, RedisProcess>();
  readonly #directory = mkdtempSync(join(tmpdir(), 'kvnest-sentinel-'));

  private constructor() {
    // Made by `start`.
  }

  static async start(options: SentinelSetOptions = {}): Promise<RedisSentinelSet> {
    const set = new RedisSentinelSet();
    try {
      await set.#start(options);
      return set;
    } catch (error) {
      await set.stop();
      throw error;
    }
  }

  async #start({ serverOptions = [], sentinelLines = [] }: SentinelSetOptions): Promise<void> {
    const common = [...REPLICATION, '--dir', this.#directory, ...serverOptions];
    const master = await RedisServer.start(...common);
    this.servers.set(master.port, master);
    const follow = ['--replicaof', `127.0.0.1 ${master.port}`, ...common];
    for (const replica of await Promise.all([RedisServer.start(...follow), RedisServer.start(...follow)])) {
      this.servers.set(replica.port, replica);
      await untilRedis(replica.port, ['INFO', 'replication'], (info) => info.includes('link_status:up'));
    }
    await Promise.all([0, 1, 2].map((index) => this.#startSentinel(index, master.port, sentinelLines)));
    for (const port of this.sentinels.keys()) {
      await untilRedis(port, ['SENTINEL', 'CKQUORUM', SERVICE], (reply) => reply.startsWith('OK 3 usable'));
      await untilRedis(port, ['INFO', 'sentinel'], (info) => info.includes('slaves=2,sentinels=3'));
    }
  }

  async #startSentinel(index: number, masterPort: number, lines: readonly string[]): Promise<void> {
    const port = await freePort();
    const file = join(this.#directory, `sentinel-${index}.conf`);
    const config = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${this.#directory}`,
      `sentinel monitor ${SERVICE} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${SERVICE} 500`,
      `sentinel failover-timeout ${SERVICE} 2000`,
      ...lines,
    ];
    writeFileSync(file, `${config.join('\n')}\n`);
    this.sentinels.set(port, await RedisProcess.start([file, '--sentinel'], `+monitor master ${SERVICE}`));
    await redisCommand(port, ['SENTINEL', 'DEBUG', ...PERIODS]);
  }

  async restartSentinel(port: number): Promise<void> {
    await this.sentinels.get(port)!.restart();
    await redisCommand(port, ['SENTINEL', 'DEBUG', ...PERIODS]);
  }

  get sentinelPorts(): readonly number[] {
    return [...this.sentinels.keys()];
  }

  /** host:port, separated by commas, as URLs name them. */
  get hosts(): string {
    return this.sentinelPorts.map((port) => `127.0.0.1:${port}`).join(',');
  }

  /** The master in the eyes of the last sentinel. */
  async masterPort(): Promise<number> {
    const port = this.sentinelPorts.at(-1)!;
    const reply = await redisCommand(port, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', SERVICE]);
    return Number((reply as string[])[1]);
  }

  /** Makes a replica the master, and waits until the old one has become its replica. @returns the old one's port. */
  async orderFailover(): Promise<number> {
    const before = await this.masterPort();
    await redisCommand(this.sentinelPorts.at(-1)!, ['SENTINEL', 'FAILOVER', SERVICE]);
    await expectEventually(async () => (await this.masterPort()) !== before);
    await this.untilReplica(before);
    return before;
  }

  /** Waits until the server on this port is a replica that is in step with its master. */
  async untilReplica(port: number): Promise<void> {
    await untilRedis(
      port,
      ['INFO', 'replication'],
      (info) => info.includes('role:slave') && info.includes('link_status:up'),
    );
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels.values()].map((sentinel) => sentinel.kill()));
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
