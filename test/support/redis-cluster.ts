import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisCommand, untilRedis } from './redis-admin.js';
import { freePort } from './redis-process.js';
import { RedisServer } from './resp-redis-server.js';

const SLOTS = 16_384;

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

  private constructor() {
    // Made by `start`.
  }

  /** @param options given to every node. */
  static async start(...options: readonly string[]): Promise<RedisCluster> {
    const cluster = new RedisCluster();
    try {
      await cluster.#start(options);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  async #start(options: readonly string[]): Promise<void> {
    const buses = await Promise.all(Array.from({ length: 6 }, () => freePort()));
    for (const [i, bus] of buses.entries()) this.nodes.push(await this.#startNode(bus, i, options));

    await Promise.all(
      this.nodes.map(async ({ port }, i) => {
        await redisCommand(port, ['CLUSTER', 'SET-CONFIG-EPOCH', i + 1]);
        if (i >= 3) return;
        const range = [Math.floor((i * SLOTS) / 3), Math.floor(((i + 1) * SLOTS) / 3) - 1];
        await redisCommand(port, ['CLUSTER', 'ADDSLOTSRANGE', ...range]);
      }),
    );
    const first = this.nodes[0]!.port;
    await Promise.all(
      this.nodes.map(({ port }, i) => redisCommand(first, ['CLUSTER', 'MEET', '127.0.0.1', port, buses[i]!])),
    );
    await this.#untilAll('cluster_known_nodes:6');
    for (const [i, { port }] of this.nodes.entries()) {
      if (i >= 3) await redisCommand(port, ['CLUSTER', 'REPLICATE', this.nodes[i - 3]!.id]);
    }
    for (const { port } of this.nodes.slice(3)) await this.untilReplica(port);
    await this.#untilAll('cluster_state:ok');
  }

  async #startNode(bus: number, index: number, options: readonly string[]): Promise<ClusterNode> {
    const server = await RedisServer.start(
      ...['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '1000'],
      ...['--cluster-config-file', join(this.#directory, `nodes-${index}.conf`), '--dir', this.#directory],
      ...['--repl-diskless-sync-delay', '0'],
      ...options,
    );
    this.#servers.push(server);
    return { server, port: server.port, id: String(await redisCommand(server.port, ['CLUSTER', 'MYID'])) };
  }

  async #untilAll(text: string): Promise<void> {
    for (const { port } of this.nodes)
      await untilRedis(port, ['CLUSTER', 'INFO'], (info) => info.includes(text));
  }

  /** host:port, separated by commas, as URLs name them. */
  get hosts(): string {
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  /** Waits until the node on this port is a replica that is in step with its master. */
  async untilReplica(port: number): Promise<void> {
    await untilRedis(
      port,
      ['INFO', 'replication'],
      (info) => info.includes('role:slave') && info.includes('link_status:up'),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
