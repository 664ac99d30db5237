import { afterEach, beforeEach, expect } from '@jest/globals';
import { type AllocationRequest, type Arena, type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';

/** For each test an arena of its own, and what tests do with it. */
export class ArenaWorld {
  readonly capacityBytes = 16 * 2 ** 20;
  #arena: Arena | undefined;

  constructor(create: (capacityBytes: number) => Arena) {
    beforeEach(() => {
      this.#arena = create(this.capacityBytes);
    });
    afterEach(() => this.arena.close());
  }

  get arena(): Arena {
    if (this.#arena === undefined) throw new Error('no test is running');
    return this.#arena;
  }

  allocate(request: Partial<AllocationRequest> & { lengthBytes: number }, key = 'key'): ArenaHandle {
    const handle = this.arena.allocate({ key: ChunkKey.of(key), ...request });
    if (handle === undefined) throw new Error(`no room for ${request.lengthBytes} bytes`);
    return handle;
  }

  fill(handle: ArenaHandle, byte: number): void {
    for (const view of handle.views) view.fill(byte);
  }

  isFilledWith(handle: ArenaHandle, byte: number): boolean {
    return handle.views.every((view) => view.equals(Buffer.alloc(view.length, byte)));
  }
}

export const withCode = (code: string): unknown => expect.objectContaining({ code });
