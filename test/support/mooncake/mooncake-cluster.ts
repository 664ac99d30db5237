import { freePort } from '../redis-process.js';
import { MooncakeProcess, type MooncakeRelease } from './mooncake-process.js';

const START_MS = 30_000;

export interface MooncakeClusterOptions {
  readonly release?: MooncakeRelease;
  /** One owner each, with so much memory, which is taken when it is written. Default: one of 512 MB. */
  readonly segments?: readonly string[];
  readonly leaseMs?: number;
  /** Further arguments of the master. */
  readonly args?: readonly string[];
  /** Owners are found with a metadata server, which runs in the master, instead of being asked themselves. */
  readonly withMetadataServer?: boolean;
}

/** A real Mooncake Store on this machine: a master, and owners of memory. */
export class MooncakeCluster implements AsyncDisposable {
  readonly owners: MooncakeProcess[] = [];
  readonly #release: MooncakeRelease;

  private constructor(
    readonly master: MooncakeProcess,
    readonly port: number,
    private readonly metricsPort: number,
    /** As clients are told it. */
    readonly metadataServer: string,
    release: MooncakeRelease,
  ) {
    this.#release = release;
  }

  static async start(options: MooncakeClusterOptions = {}): Promise<MooncakeCluster> {
    const {
      release = '0.3.13',
      segments = ['512MB'],
      leaseMs = 1_000,
      args = [],
      withMetadataServer,
    } = options;
    const [port, metricsPort, metadataPort] = [await freePort(), await freePort(), await freePort()];
    const metadata = ['--enable_http_metadata_server=true', `--http_metadata_server_port=${metadataPort}`];
    const master = new MooncakeProcess(release, 'mooncake_master', [
      '--rpc_address=127.0.0.1',
      `--rpc_port=${port}`,
      `--metrics_port=${metricsPort}`,
      `--default_kv_lease_ttl=${leaseMs}`,
      ...(withMetadataServer === true ? metadata : []),
      ...args,
    ]);
    const server = withMetadataServer === true ? `http://127.0.0.1:${metadataPort}/metadata` : 'P2PHANDSHAKE';
    const cluster = new MooncakeCluster(master, port, metricsPort, server, release);
    try {
      await cluster.restartMaster();
      for (const segment of segments) await cluster.addOwner(segment);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** @param parameters such as `layout=sealed`. */
  url(parameters = ''): string {
    const server = this.metadataServer === 'P2PHANDSHAKE' ? [] : [`metadata_server=${this.metadataServer}`];
    const query = [...server, ...(parameters === '' ? [] : [parameters])].join('&');
    return `mooncakestore://127.0.0.1:${this.port}${query === '' ? '' : `?${query}`}`;
  }

  /** In the same place, also after a kill, with nothing in it. */
  async restartMaster(release = this.#release): Promise<void> {
    await this.master.kill();
    this.master.start(release);
    await this.#until(this.master, async () => (await this.segments()) !== undefined);
  }

  /** One start in about sixty fails. */
  async addOwner(segment = '512MB'): Promise<MooncakeProcess> {
    const before = new Set(await this.segments());
    // The master forgets others meanwhile: their number tells nothing.
    const isNew = (name: string): boolean => !before.has(name);
    for (let attempt = 0; ; attempt++) {
      const owner = new MooncakeProcess(this.#release, 'mooncake_client', [
        '--host=127.0.0.1',
        `--port=${await freePort()}`,
        `--metadata_server=${this.metadataServer}`,
        `--master_server_address=127.0.0.1:${this.port}`,
        '--protocol=tcp',
        `--global_segment_size=${segment}`,
      ]);
      owner.start();
      this.owners.push(owner);
      try {
        await this.#until(owner, async () => (await this.segments())?.some(isNew) === true);
        return owner;
      } catch (error) {
        if (attempt > 0) throw error;
      }
    }
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.metricsPort}/api/v1/remove_all?force=true`, {
      method: 'POST',
    });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Names of the segments that the master knows, also of those whose owners are gone since a short time. */
  async segments(): Promise<readonly string[] | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.metricsPort}/get_all_segments`);
      return (await response.text()).split('\n').filter((name) => name.trim() !== '');
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.owners, this.master].map((process) => process.kill()));
  }

  async #until(process: MooncakeProcess, isReady: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (!(await isReady())) {
      if (!process.isRunning || Date.now() > deadline) {
        await process.kill();
        throw new Error(`Mooncake did not start:\n${process.log}`);
      }
      await new Promise((wait) => setTimeout(wait, 20));
    }
  }
}
