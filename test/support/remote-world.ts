import { type Arena, type ArenaHandle } from '../../src/arena/arena.interface.js';
import { ArenaSpaceService } from '../../src/arena/arena-space.js';
import { ExtentWriter } from '../../src/arena/extent-writer.js';
import { createArena } from '../../src/arena/create-arena.js';
import { type RemoteConnector } from '../../src/connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { ManualClock } from './clock.js';
import { connectorFromUrl, type UrlParts } from './connector-from-url.js';

export interface RemoteChunk {
  readonly key: ChunkKey;
  readonly bytes?: Buffer;
  readonly metadata?: Uint8Array;
}

/** A connector to the store of a URL, with an arena of its own. Child processes use it, too: it knows no jest. */
export class RemoteWorld {
  readonly arena: Arena = createArena({ capacityBytes: 24 * 2 ** 20 });
  readonly space = new ArenaSpaceService(this.arena);
  readonly clock = new ManualClock();
  connector!: RemoteConnector;

  /** @param url of a store, which may not be there yet: connect by hand. */
  static async create(url: string, parts?: UrlParts): Promise<RemoteWorld> {
    const world = new RemoteWorld();
    world.connector = await connectorFromUrl(url, world, parts);
    return world;
  }

  static async open(url: string, parts?: UrlParts): Promise<RemoteWorld> {
    const world = await RemoteWorld.create(url, parts);
    try {
      await world.connector.connect();
    } catch (error) {
      world.arena.close();
      throw error;
    }
    return world;
  }

  chunk({ key, bytes = Buffer.from('a chunk'), metadata }: RemoteChunk): ArenaHandle {
    const handle = this.space.reserve({ key, lengthBytes: bytes.length });
    if (typeof handle === 'string') throw new Error(`no room for a test chunk: ${handle}`);
    const writer = new ExtentWriter(handle.views, (part, previous) => this.arena.crc32c(part, previous));
    writer.write(bytes);
    if (metadata !== undefined) handle.setMetadata(metadata);
    handle.seal(writer.checksum);
    return handle;
  }

  async put(chunk: RemoteChunk): Promise<string> {
    using handle = this.chunk(chunk);
    return await this.connector.put(handle);
  }

  /** The bytes and the metadata of a chunk, or why there are none. */
  async read(key: ChunkKey): Promise<{ readonly bytes: Buffer; readonly metadata: Buffer } | string> {
    const outcome = await this.connector.get(key);
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    return { bytes: Buffer.concat(handle.views), metadata: Buffer.from(handle.metadata) };
  }

  /** @returns the references to the arena that are left: none, when nobody forgot one. */
  async close(): Promise<number> {
    await this.connector.close();
    const { references } = this.arena.usage();
    this.arena.close();
    return references;
  }
}
