import { MooncakeCluster, type MooncakeClusterOptions } from './mooncake-cluster.js';
import { MooncakeRawClient } from './mooncake-raw-client.js';
import { MooncakeWorld, type MooncakeWorldOptions } from './mooncake-world.js';

interface TrialParts {
  readonly cluster: MooncakeCluster;
  readonly world: MooncakeWorld;
  /** Another client, which breaks the rules. */
  readonly raw: MooncakeRawClient;
}

/** A store and a connector to it, for one test that hurts them. */
export class MooncakeTrial {
  #cluster: MooncakeCluster | undefined;
  #world: MooncakeWorld | undefined;
  #raw: MooncakeRawClient | undefined;

  async begin(store: MooncakeClusterOptions = {}, connector: MooncakeWorldOptions = {}): Promise<TrialParts> {
    const cluster = (this.#cluster = await MooncakeCluster.start(store));
    const world = (this.#world = await MooncakeWorld.connect(cluster.port, connector));
    const raw = (this.#raw = new MooncakeRawClient(cluster.port));
    return { cluster, world, raw };
  }

  /** @returns references to the arena that are left: none, when nobody forgot one. */
  async end(): Promise<number> {
    const references = (await this.#world?.close()) ?? 0;
    this.#raw?.[Symbol.dispose]();
    await this.#cluster?.[Symbol.asyncDispose]();
    this.#cluster = this.#world = this.#raw = undefined;
    return references;
  }
}
