import { intakePlace } from '../../../src/connectors/intake/value-intake.js';
import {
  InfinistoreConnector,
  type InfinistoreConnectorOptions,
} from '../../../src/connectors/infinistore/infinistore.connector.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { RecordingLogger } from '../recording-logger.js';
import { RemoteWorld } from '../remote-world.js';

/** A connector to InfiniStore, with names for keys. */
export class InfinistoreWorld extends RemoteWorld {
  readonly logger = Object.assign(new RecordingLogger(), { debug: () => undefined });

  static async connect(
    port: number,
    options: Partial<InfinistoreConnectorOptions> = {},
  ): Promise<InfinistoreWorld> {
    const world = new InfinistoreWorld();
    world.connector = new InfinistoreConnector({
      host: '127.0.0.1',
      port,
      label: 'infinistore://test',
      logger: world.logger,
      layout: 'lmcache',
      connections: 2,
      connectTimeoutMs: 5_000,
      drainTimeoutMs: 30_000,
      place: intakePlace(world),
      ...options,
    });
    await world.connector.connect();
    return world;
  }

  async store(name: string, bytes: Buffer, signal?: AbortSignal): Promise<string> {
    using chunk = this.chunk({ key: ChunkKey.of(name), bytes });
    return await this.connector.put(chunk, signal === undefined ? {} : { signal });
  }

  /** The bytes of a chunk, or why there are none. */
  async fetch(name: string, signal?: AbortSignal): Promise<Buffer | string> {
    const outcome = await this.connector.get(ChunkKey.of(name), signal === undefined ? {} : { signal });
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    return Buffer.concat(handle.views);
  }

  /** Aborts as soon as the first bytes of the next value are about to come. */
  abortAtFirstBytes(): AbortSignal {
    const abort = new AbortController();
    const reserve = this.space.reserve.bind(this.space);
    this.space.reserve = (request) => {
      this.space.reserve = reserve;
      // Before the next bytes are read, however many are there.
      process.nextTick(() => abort.abort());
      return reserve(request);
    };
    return abort.signal;
  }
}
