import { ArenaSpaceService } from '../../src/arena/arena-space.js';
import { type Arena, type ArenaHandle } from '../../src/arena/arena.interface.js';
import { createArena } from '../../src/arena/create-arena.js';
import { intakePlace } from '../../src/connectors/intake/value-intake.js';
import { LmConnector, type LmConnectorOptions } from '../../src/connectors/lm/lm.connector.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import {
  encodeRemoteMetadata,
  type RemoteMetadata,
} from '../../src/protocols/remote-metadata/remote-metadata.js';
import { sealedChunk } from '../contracts/chunks/chunk-bytes.js';

/** A connector for `lm://` with an arena of its own. */
export class LmConnectorWorld implements AsyncDisposable {
  readonly arena: Arena = createArena({ capacityBytes: 32 * 1024 * 1024, native: false });
  readonly space = new ArenaSpaceService(this.arena);
  readonly connector: LmConnector;

  constructor(port: number, options: Partial<LmConnectorOptions> = {}) {
    this.connector = new LmConnector({
      host: '127.0.0.1',
      port,
      label: 'lm://test',
      connections: 2,
      connectTimeoutMs: 5000,
      anyKey: false,
      place: intakePlace(this),
      ...options,
    });
  }

  get references(): number {
    return this.arena.usage().references;
  }

  chunk(key: string, bytes: Buffer, metadata?: RemoteMetadata): ArenaHandle {
    return sealedChunk(this.arena, this.space, {
      key: ChunkKey.of(key),
      bytes,
      ...(metadata && { metadata: encodeRemoteMetadata(metadata) }),
    });
  }

  async put(key: string, bytes: Buffer, metadata?: RemoteMetadata): Promise<string> {
    using chunk = this.chunk(key, bytes, metadata);
    return await this.connector.put(chunk);
  }

  /** The bytes of a chunk with its metadata, or why there are none. */
  async read(key: string): Promise<{ bytes: Buffer; metadata: Buffer } | string> {
    const outcome = await this.connector.get(ChunkKey.of(key));
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    return { bytes: Buffer.concat(handle.views), metadata: Buffer.from(handle.metadata) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connector.close();
    this.arena.close();
  }
}
