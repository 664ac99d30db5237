import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions } from 'node:tls';
import { redisCommand, untilRedis } from './redis-admin.js';
import { freePort, RedisProcess } from './redis-process.js';
import { RedisServer } from './resp-redis-server.js';
import { clientOptions, type TestCertificates } from './tls-certificates.js';

const SERVICE = 'kvnest';
/**
 * Shorter than by default, so that a failover takes about a second. During one, INFO comes once a second whatever is
 * set: it counts for five pings, and a promoted replica is left alone for four publications.
 */
const PERIODS = ['ping-period', '300', 'info-period', '100', 'ask-period', '100', 'publish-period', '400'];

/** One master, two replicas, and three sentinels that watch them under the name `kvnest`. */
export class RedisSentinelSet {
  readonly service = SERVICE;
  readonly servers = new Map<number, RedisServer>();
  readonly sentinels = new Map<number, RedisProcess>();
  readonly #directory = mkdtempSync(join(tmpdir(), 'kvnest-sentinel-'));

  private constructor(private readonly certificates: TestCertificates | undefined) {}

  /** @param certificates with these, all of them speak TLS only. */
  static async start(certificates?: TestCertificates): Promise<RedisSentinelSet> {
    const set = new RedisSentinelSet(certificates);
    try {
      await set.#start();
      return set;
    } catch (error) {
      await set.stop();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { port: master } = await this.#startServer();
    for (const { port } of [await this.#startServer(master), await this.#startServer(master)])
      await this.untilReplica(port);
    await Promise.all([0, 1, 2].map((index) => this.#startSentinel(index, master)));
    for (const port of this.sentinels.keys()) {
      const isReady = (info: string): boolean => info.includes('slaves=2,sentinels=3');
      await untilRedis(port, ['INFO', 'sentinel'], isReady, this.#tls);
    }
  }

  async #startServer(master?: number): Promise<RedisServer> {
    const follow = master === undefined ? [] : ['--replicaof', `127.0.0.1 ${master}`];
    const options = ['--repl-diskless-sync-delay', '0', '--dir', this.#directory, ...follow];
    const { certificates } = this;
    const server = await (certificates === undefined
      ? RedisServer.start(...options)
      : RedisServer.startTls(certificates, certificates.server, '--tls-replication', 'yes', ...options));
    this.servers.set(server.port, server);
    return server;
  }

  async #startSentinel(index: number, masterPort: number): Promise<void> {
    const port = await freePort();
    const file = join(this.#directory, `sentinel-${index}.conf`);
    const config = [
      ...this.#portLines(port),
      'bind 127.0.0.1',
      `dir ${this.#directory}`,
      `sentinel monitor ${SERVICE} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${SERVICE} 500`,
      `sentinel failover-timeout ${SERVICE} 2000`,
    ];
    writeFileSync(file, `${config.join('\n')}\n`);
    this.sentinels.set(port, await RedisProcess.start([file, '--sentinel'], `+monitor master ${SERVICE}`));
    await this.command(port, ['SENTINEL', 'DEBUG', ...PERIODS]);
  }

  #portLines(port: number): readonly string[] {
    if (this.certificates === undefined) return [`port ${port}`];
    const { authority, server } = this.certificates;
    const files = [
      `tls-cert-file ${server.certificate}`,
      `tls-key-file ${server.key}`,
      `tls-ca-cert-file ${authority}`,
    ];
    return ['port 0', `tls-port ${port}`, 'tls-replication yes', ...files];
  }

  get #tls(): ConnectionOptions | undefined {
    return this.certificates === undefined ? undefined : clientOptions(this.certificates);
  }

  /** Sends one command to a server or a sentinel. */
  command(port: number, command: readonly (string | number)[]): Promise<unknown> {
    return redisCommand(port, command, this.#tls);
  }

  async restartSentinel(port: number): Promise<void> {
    await this.sentinels.get(port)!.restart();
    await this.command(port, ['SENTINEL', 'DEBUG', ...PERIODS]);
  }

  get sentinelPorts(): readonly number[] {
    return [...this.sentinels.keys()];
  }

  /** host:port, separated by commas, as URLs name them. */
  get hosts(): string {
    return this.sentinelPorts.map((port) => `127.0.0.1:${port}`).join(',');
  }

  /** Waits until all sentinels agree on a master, other than this one, and no failover is under way. */
  async masterPort(before?: number): Promise<number> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const port = await this.#agreedPort();
      if (port !== undefined && port !== before) return port;
      if (Date.now() > deadline) throw new Error('the sentinels found no master');
      await delay(20);
    }
  }

  /** Sentinels that are not there have no say. */
  async #agreedPort(): Promise<number | undefined> {
    const asked = this.sentinelPorts.map((port) => this.command(port, ['SENTINEL', 'MASTER', SERVICE]));
    const replies = (await Promise.allSettled(asked)).filter((reply) => reply.status === 'fulfilled');
    const ports = replies.map(({ value }) => /,port,(\d+),.*,flags,master,link/.exec(String(value))?.[1]);
    return new Set(ports).size === 1 && ports[0] !== undefined ? Number(ports[0]) : undefined;
  }

  /** Makes a replica the master, and waits until the old one has become its replica. @returns both ports. */
  async orderFailover(): Promise<{ readonly before: number; readonly after: number }> {
    const before = await this.masterPort();
    await this.command(this.sentinelPorts.at(-1)!, ['SENTINEL', 'FAILOVER', SERVICE]);
    const after = await this.masterPort(before);
    await this.untilReplica(before);
    return { before, after };
  }

  /** Waits until the server on this port is a replica that is in step with its master. */
  async untilReplica(port: number): Promise<void> {
    await untilRedis(
      port,
      ['INFO', 'replication'],
      (info) => info.includes('role:slave') && info.includes('link_status:up'),
      this.#tls,
    );
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels.values()].map((sentinel) => sentinel.kill()));
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
