import { intakePlace } from '../../../src/connectors/intake/value-intake.js';
import { LmcacheLayout } from '../../../src/connectors/mooncake/layouts/lmcache.layout.js';
import { SealedLayout } from '../../../src/connectors/mooncake/layouts/sealed.layout.js';
import { MooncakeConnector } from '../../../src/connectors/mooncake/mooncake.connector.js';
import { NativeEngine } from '../../../src/connectors/mooncake/native/native.engine.js';
import { type ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { RemoteWorld } from '../remote-world.js';
import { type FakeMaster } from './fake-mooncake-library.js';

export interface NativeWorldOptions {
  /** `bytes`: as LMCache's without metadata. */
  readonly layout?: 'lmcache' | 'sealed' | 'bytes';
  readonly protocol?: 'tcp' | 'rdma';
  readonly connections?: number;
}

/** A connector to Mooncake by a library, not connected yet. */
export class NativeWorld extends RemoteWorld {
  constructor(
    library: string,
    master: Pick<FakeMaster, 'address' | 'folder'>,
    options: NativeWorldOptions = {},
  ) {
    super();
    const { layout = 'lmcache', protocol = 'tcp', connections = 2 } = options;
    const place = intakePlace(this);
    const label = 'mooncakestore://test';
    this.connector = new MooncakeConnector({
      label,
      // The engine waits for its calls itself.
      drainTimeoutMs: 0,
      maxValueBytes: 2 ** 30,
      layout: layout === 'sealed' ? new SealedLayout(place) : new LmcacheLayout(place, layout === 'lmcache'),
      engine: new NativeEngine({
        label,
        connections,
        memory: this.arena.buffer,
        settings: {
          library,
          hostname: 'here',
          metadataServer: master.folder,
          protocol,
          device: '',
          master: master.address,
          replicas: 1,
        },
      }),
    });
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
