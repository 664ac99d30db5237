import { type ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { LmcacheLayout } from '../../../src/connectors/mooncake/layouts/lmcache.layout.js';
import { SealedLayout } from '../../../src/connectors/mooncake/layouts/sealed.layout.js';
import {
  MooncakeConnector,
  type MooncakeConnectorOptions,
} from '../../../src/connectors/mooncake/mooncake.connector.js';
import { WireEngine, type WireEngineOptions } from '../../../src/connectors/mooncake/wire.engine.js';
import { intakePlace } from '../../../src/connectors/intake/value-intake.js';
import { RecordingLogger } from '../recording-logger.js';
import { RemoteWorld } from '../remote-world.js';

export interface MooncakeWorldOptions
  extends Partial<WireEngineOptions>, Partial<Omit<MooncakeConnectorOptions, 'layout' | 'engine'>> {
  readonly layout?: 'lmcache' | 'sealed';
}

/** A connector to Mooncake whose times are short, and which tells what it logs. */
export class MooncakeWorld extends RemoteWorld {
  readonly logger = new RecordingLogger();

  static async connect(port: number, options: MooncakeWorldOptions = {}): Promise<MooncakeWorld> {
    const world = new MooncakeWorld();
    const place = intakePlace(world);
    const label = 'mooncakestore://test';
    const { layout, drainTimeoutMs = 5_000, maxValueBytes = 2 ** 30, ...others } = options;
    const engine = new WireEngine({
      label,
      logger: world.logger,
      masters: [{ host: '127.0.0.1', port }],
      tenant: 'default',
      replicas: 1,
      connections: 2,
      connectTimeoutMs: 20_000,
      silenceMs: 1_000,
      masterSilenceMs: 20_000,
      banMs: 60_000,
      metadataServer: undefined,
      ...others,
    });
    world.connector = new MooncakeConnector({
      label,
      engine,
      drainTimeoutMs,
      maxValueBytes,
      layout: layout === 'sealed' ? new SealedLayout(place) : new LmcacheLayout(place, true),
    });
    try {
      await world.connector.connect();
    } catch (error) {
      world.arena.close();
      throw error;
    }
    return world;
  }

  async store(key: ChunkKey, bytes: Buffer, signal?: AbortSignal): Promise<string> {
    using chunk = this.chunk({ key, bytes });
    return await this.connector.put(chunk, signal === undefined ? {} : { signal });
  }

  /** The bytes of a chunk, or why there are none. */
  async fetch(key: ChunkKey, signal?: AbortSignal): Promise<Buffer | string> {
    const outcome = await this.connector.get(key, signal === undefined ? {} : { signal });
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    return Buffer.concat(handle.views);
  }
}
