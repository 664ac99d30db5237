import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions } from 'node:tls';
import { redisCommand, untilRedis } from './redis-admin.js';
import { freePort } from './redis-process.js';
import { RedisServer } from './resp-redis-server.js';
import { clientOptions, type TestCertificates } from './tls-certificates.js';

const SLOTS = 16_384;
const MAX_ATTEMPTS = 3;

export interface ClusterNode {
  readonly server: RedisServer;
  readonly port: number;
  readonly id: string;
}

/** Three masters with a replica each: nodes 0 to 2 begin as masters, node i + 3 as the replica of node i. */
export class RedisCluster {
  readonly nodes: ClusterNode[] = [];
  readonly #servers: RedisServer[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'kvnest-cluster-'));

  private constructor(private readonly certificates: TestCertificates | undefined) {}

  /** @param certificates with these, all nodes speak TLS only. */
  static async start(certificates?: TestCertificates): Promise<RedisCluster> {
    for (let attempt = 1; ; attempt++) {
      const cluster = new RedisCluster(certificates);
      try {
        await cluster.#start();
        return cluster;
      } catch (error) {
        await cluster.stop();
        // A port that was free may be taken by the time that a node wants it.
        if (attempt === MAX_ATTEMPTS || !String(error).includes('Address already in use')) throw error;
      }
    }
  }

  async #start(): Promise<void> {
    const buses = await Promise.all(Array.from({ length: 6 }, () => freePort()));
    for (const [i, bus] of buses.entries()) this.nodes.push(await this.#startNode(bus, i));

    await Promise.all(
      this.nodes.map(async ({ port }, i) => {
        await this.command(port, ['CLUSTER', 'SET-CONFIG-EPOCH', i + 1]);
        if (i >= 3) return;
        const range = [Math.floor((i * SLOTS) / 3), Math.floor(((i + 1) * SLOTS) / 3) - 1];
        await this.command(port, ['CLUSTER', 'ADDSLOTSRANGE', ...range]);
      }),
    );
    const first = this.nodes[0]!.port;
    await Promise.all(
      this.nodes.map(({ port }, i) => this.command(first, ['CLUSTER', 'MEET', '127.0.0.1', port, buses[i]!])),
    );
    await this.#untilAll('cluster_known_nodes:6');
    for (const [i, { port }] of this.nodes.entries()) {
      if (i >= 3) await this.command(port, ['CLUSTER', 'REPLICATE', this.nodes[i - 3]!.id]);
    }
    for (const { port } of this.nodes.slice(3)) await this.untilReplica(port);
    await this.#untilAll('cluster_state:ok');
  }

  async #startNode(bus: number, index: number): Promise<ClusterNode> {
    const { certificates } = this;
    const options = [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '1000'],
      ...['--cluster-config-file', join(this.#directory, `nodes-${index}.conf`), '--dir', this.#directory],
      ...['--repl-diskless-sync-delay', '0'],
    ];
    const tls = ['--tls-cluster', 'yes', '--tls-replication', 'yes'];
    const server = await (certificates === undefined
      ? RedisServer.start(...options)
      : RedisServer.startTls(certificates, certificates.server, ...tls, ...options));
    this.#servers.push(server);
    return { server, port: server.port, id: String(await this.command(server.port, ['CLUSTER', 'MYID'])) };
  }

  get #tls(): ConnectionOptions | undefined {
    return this.certificates === undefined ? undefined : clientOptions(this.certificates);
  }

  /** Sends one command to a node. */
  command(port: number, command: readonly (string | number)[]): Promise<unknown> {
    return redisCommand(port, command, this.#tls);
  }

  async #untilAll(text: string): Promise<void> {
    for (const { port } of this.nodes)
      await untilRedis(port, ['CLUSTER', 'INFO'], (info) => info.includes(text), this.#tls);
  }

  /** host:port, separated by commas, as URLs name them. */
  get hosts(): string {
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  /** Nodes that are there, and masters in their own eyes. */
  async masters(): Promise<readonly ClusterNode[]> {
    const roles = await Promise.allSettled(this.nodes.map(({ port }) => this.command(port, ['ROLE'])));
    const isMaster = roles.map(
      (role) => role.status === 'fulfilled' && String(role.value).startsWith('master'),
    );
    return this.nodes.filter((_, i) => isMaster[i]);
  }

  /**
   * Moves a slot with its keys to another node while clients use it, key by key, as `redis-cli --cluster reshard` does.
   *
   * @param between is called after each key: some keys are at `to` then, some are not.
   */
  async moveSlot(slot: number, to: ClusterNode, between: () => Promise<void>): Promise<void> {
    const from = await this.#ownerOf(slot);
    if (from.id === to.id) return;
    await this.command(to.port, ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id]);
    await this.command(from.port, ['CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id]);
    for (;;) {
      const [key] = (await this.command(from.port, ['CLUSTER', 'GETKEYSINSLOT', slot, 1])) as string[];
      if (key === undefined) break;
      await this.command(from.port, ['MIGRATE', '127.0.0.1', to.port, key, 0, 5_000]);
      await between();
    }
    for (const { port } of [to, from, ...(await this.masters())])
      await this.command(port, ['CLUSTER', 'SETSLOT', slot, 'NODE', to.id]);
  }

  async #ownerOf(slot: number): Promise<ClusterNode> {
    const ranges = (await this.command(this.nodes[0]!.port, ['CLUSTER', 'SLOTS'])) as [
      number,
      number,
      unknown[],
    ][];
    const [, , master] = ranges.find(([first, last]) => first <= slot && slot <= last)!;
    return this.nodes.find(({ port }) => port === master[1])!;
  }

  /** How often the masters have answered with this error, or were sent this command. */
  async count(what: `errorstat_${string}` | `cmdstat_${string}`): Promise<number> {
    const section = what.startsWith('errorstat') ? 'errorstats' : 'commandstats';
    const counts = (await this.masters()).map(async ({ port }) => {
      const info = String(await this.command(port, ['INFO', section]));
      return Number(new RegExp(`^${what}:(?:count|calls)=(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** Waits until the node on this port is a replica that is in step with its master. */
  async untilReplica(port: number): Promise<void> {
    await untilRedis(
      port,
      ['INFO', 'replication'],
      (info) => info.includes('role:slave') && info.includes('link_status:up'),
      this.#tls,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
