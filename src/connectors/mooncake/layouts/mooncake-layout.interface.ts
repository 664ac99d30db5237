import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type ChunkIntake } from '../../intake/chunk-intake.interface.js';
import { type ConnectorCapabilities } from '../../remote-connector.interface.js';
import { type WhenThere } from '../mooncake-engine.interface.js';

/** What to send for a chunk. */
export interface EncodedChunk {
  readonly parts: readonly Uint8Array[];
  readonly whenThere: WhenThere;
}

/** How chunks lie in Mooncake: one object each. */
export interface MooncakeLayout {
  readonly capabilities: Pick<ConnectorCapabilities, 'metadata' | 'checksum'>;
  /** In front of the bytes of a chunk, at most. */
  readonly maxHeaderBytes: number;
  /** How many bytes of an object show whether a chunk has metadata: none where all have them, or none has. */
  readonly metadataPeekBytes: number;
  nameOf(key: ChunkKey): string;
  /** @returns undefined for what it cannot hold. */
  encode(chunk: ArenaHandle): EncodedChunk | undefined;
  /** Takes an object of so many bytes in. */
  take(key: ChunkKey, lengthBytes: number): ChunkIntake;
  /** @param start of the object: `metadataPeekBytes`. */
  hasMetadata(start: Buffer): boolean;
}
