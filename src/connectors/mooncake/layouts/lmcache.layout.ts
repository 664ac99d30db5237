import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { parseChunkKey } from '../../../protocols/chunk-key/parse-chunk-key.js';
import { formatStoreKey } from '../../../protocols/store-key/store-key.js';
import { type ChunkIntake } from '../../intake/chunk-intake.interface.js';
import { lmcacheMetadata } from '../../intake/lmcache-metadata.js';
import { type IntakePlace, ValueIntake } from '../../intake/value-intake.js';
import { LmcacheIntake, MAX_LMCACHE_HEADER_BYTES } from './lmcache-intake.js';
import { type EncodedChunk, type MooncakeLayout } from './mooncake-layout.interface.js';

/** What LMCache's own connector writes under the key of a chunk: RemoteMetadata, unless that is off, and the bytes. */
export class LmcacheLayout implements MooncakeLayout {
  readonly capabilities: MooncakeLayout['capabilities'];
  readonly maxHeaderBytes: number;
  readonly metadataPeekBytes = 0;

  constructor(
    private readonly place: IntakePlace,
    private readonly withMetadata: boolean,
  ) {
    this.capabilities = { metadata: withMetadata ? 'lmcache' : 'none', checksum: false };
    this.maxHeaderBytes = withMetadata ? MAX_LMCACHE_HEADER_BYTES : 0;
  }

  nameOf(key: ChunkKey): string {
    return formatStoreKey(key);
  }

  /** A key that says what the bytes are says so of those that are there, too. Any other chunk replaces what is there. */
  encode(chunk: ArenaHandle): EncodedChunk | undefined {
    const metadata = this.withMetadata ? lmcacheMetadata(chunk) : Buffer.alloc(0);
    if (metadata.length > this.maxHeaderBytes || metadata.length + chunk.lengthBytes === 0) return undefined;
    const isNamedByContent = parseChunkKey(this.nameOf(chunk.key)) !== undefined;
    return {
      parts: this.withMetadata ? [metadata, ...chunk.views] : chunk.views,
      whenThere: isNamedByContent ? 'keep' : 'replace',
    };
  }

  take(key: ChunkKey, lengthBytes: number): ChunkIntake {
    return this.withMetadata
      ? new LmcacheIntake(this.place, key, lengthBytes)
      : new ValueIntake(this.place, { key, lengthBytes });
  }

  hasMetadata(): boolean {
    return this.withMetadata;
  }
}
