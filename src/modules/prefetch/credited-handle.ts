import {
  type ArenaHandle,
  type ChunkAttributes,
  type ChunkState,
  type Extent,
} from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

/** A reference to a chunk that tells when its holder is done with it. */
export class CreditedHandle implements ArenaHandle {
  constructor(
    private readonly inner: ArenaHandle,
    private readonly onDispose: () => void,
  ) {}

  get slot(): number {
    return this.inner.slot;
  }
  get generation(): number {
    return this.inner.generation;
  }
  get state(): ChunkState {
    return this.inner.state;
  }
  get key(): ChunkKey {
    return this.inner.key;
  }
  get lengthBytes(): number {
    return this.inner.lengthBytes;
  }
  get extents(): readonly Extent[] {
    return this.inner.extents;
  }
  get views(): readonly Buffer[] {
    return this.inner.views;
  }
  get checksum(): number {
    return this.inner.checksum;
  }
  get metadata(): Buffer {
    return this.inner.metadata;
  }
  get attributes(): ChunkAttributes {
    return this.inner.attributes;
  }
  get form(): ArenaHandle['form'] {
    return this.inner.form;
  }
  get disposed(): boolean {
    return this.inner.disposed;
  }

  /** Further references are plain: the credit belongs to this one. */
  retain(): ArenaHandle {
    return this.inner.retain();
  }
  setMetadata(metadata: Uint8Array): void {
    this.inner.setMetadata(metadata);
  }
  setAttributes(attributes: Partial<ChunkAttributes>): void {
    this.inner.setAttributes(attributes);
  }
  seal(checksum: number): void {
    this.inner.seal(checksum);
  }
  [Symbol.dispose](): void {
    this.inner[Symbol.dispose]();
    this.onDispose();
  }
}
