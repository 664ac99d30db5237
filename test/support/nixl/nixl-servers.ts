import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvnestProcess, writeConfig } from '../kvnest-process.js';
import { connect, type KvnestClient } from '../../../src/client/index.js';
import { type ServerStatus } from '../../../src/modules/health/status.controller.js';

export interface NixlServerOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Options of its tier of peers. */
  readonly tier: Readonly<Record<string, unknown>>;
  /** Of its tier in memory; absent: there is none, and each read asks the peers. */
  readonly memory?: string | undefined;
  /** Of its arena. */
  readonly arena?: string;
  readonly port?: number;
  /** More of its TCP door. */
  readonly tcp?: Readonly<Record<string, unknown>>;
  /** More of its configuration. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Servers that are peers of each other, with the real NIXL, in processes of their own. */
export class NixlServers implements AsyncDisposable {
  readonly #after: (() => Promise<unknown>)[] = [];

  async start({
    environment,
    tier,
    memory,
    arena = '128MiB',
    port = 0,
    tcp,
    settings,
  }: NixlServerOptions): Promise<KvnestProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'kvnest-peer-nixl-'));
    this.#after.push(() => rm(folder, { recursive: true }));
    const tiers = [
      ...(memory === undefined ? [] : [{ name: 'memory', type: 'memory', capacity: memory }]),
      { name: 'peers', type: 'nixl', options: tier },
    ];
    const config = await writeConfig(folder, {
      doors: { http: { port: 0 }, resp: { port: 0 }, lm: false, tcp: { port, ...tcp }, nest: false },
      arena: { capacity: arena },
      tiers,
      ...settings,
    });
    const server = await KvnestProcess.start(config, { env: environment });
    this.#after.push(() => {
      server.thaw();
      return server[Symbol.asyncDispose]();
    });
    return server;
  }

  async client(server: KvnestProcess): Promise<KvnestClient> {
    const client = await connect(server.tcpUrl);
    this.#after.push(() => client.close());
    return client;
  }

  /** Ends what was started, the last first. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const step of this.#after.splice(0).reverse()) await step();
  }
}

export async function nixlServerStatus({ httpUrl }: KvnestProcess): Promise<ServerStatus> {
  const response = await fetch(`${httpUrl}/v1/status`);
  return (await response.json()) as ServerStatus;
}

export async function tcpDoorCounters(server: KvnestProcess): Promise<Readonly<Record<string, number>>> {
  const { doors } = await nixlServerStatus(server);
  return doors.find(({ name }) => name === 'tcp')?.counters ?? {};
}
