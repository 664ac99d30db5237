import { expect } from '@jest/globals';
import { type ArenaSpace } from '../../../src/arena/arena-space.interface.js';
import { ArenaSpaceService } from '../../../src/arena/arena-space.js';
import { type Arena, type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { createArena } from '../../../src/arena/create-arena.js';
import { type Awaitable } from '../../../src/common/awaitable.js';
import { type Clock } from '../../../src/common/clock.js';
import {
  type ConnectorCapabilities,
  type RemoteConnector,
} from '../../../src/connectors/remote-connector.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { type ChunkSpec, sealedChunk } from '../chunks/chunk-bytes.js';

const MIB = 1024 * 1024;

/** What a connector under test is built from. */
export interface ConnectorWorldContext {
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly clock: Clock;
}

export interface RemoteConnectorContract {
  /** What the connector says of itself, apart from limits: decides which tests run. */
  readonly capabilities: Omit<ConnectorCapabilities, 'maxValueBytes' | 'maxKeyBytes'>;
  /** Makes a connector, not yet connected, to an empty store of its own. */
  create(context: ConnectorWorldContext): Awaitable<RemoteConnector>;
  /** Removes the store. */
  destroy?(connector: RemoteConnector): Awaitable<void>;
  /** Changes a stored byte of this chunk behind the connector's back. Needed with capability `checksum`. */
  damage?(key: ChunkKey, connector: RemoteConnector): Awaitable<void>;
  /** Lets time pass for the store. Default: waits. */
  passTime?(ms: number): Awaitable<void>;
  readonly clock?: Clock;
  /** Keys that the store takes, where it does not take any. Default: the name itself. */
  key?(name: string): ChunkKey;
  /** Default: an arena of 24 MiB without the native addon. */
  createArena?(): Arena;
}

/** A connector with the arena around it, and short forms of what tests do. */
export class ConnectorWorld {
  constructor(
    readonly contract: RemoteConnectorContract,
    readonly arena: Arena,
    readonly context: ConnectorWorldContext,
    readonly connector: RemoteConnector,
  ) {}

  key(name: string): ChunkKey {
    return this.contract.key?.(name) ?? ChunkKey.of(name);
  }

  chunk(spec: ChunkSpec): ArenaHandle {
    return sealedChunk(this.arena, this.context.space, spec);
  }

  async put(spec: ChunkSpec): Promise<string> {
    using chunk = this.chunk(spec);
    return await this.connector.put(chunk);
  }

  /** The bytes of a chunk, or why there are none. */
  async read(key: ChunkKey): Promise<Buffer | string> {
    const outcome = await this.connector.get(key);
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    return Buffer.concat(handle.views);
  }

  /** Every key of the store, by pages. */
  async listAll(count: number): Promise<ChunkKey[]> {
    const keys: ChunkKey[] = [];
    let cursor = '';
    do {
      const page = await this.connector.list(cursor, count);
      keys.push(...page.keys);
      cursor = page.cursor;
    } while (cursor !== '');
    return keys;
  }

  async passTime(ms: number): Promise<void> {
    if (this.contract.passTime !== undefined) await this.contract.passTime(ms);
    else await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

/** Runs a test on a fresh connector. Afterwards all of the arena must be free again: no handle was lost on the way. */
export async function inConnectorWorld(
  contract: RemoteConnectorContract,
  test: (world: ConnectorWorld) => Promise<void>,
  options: { readonly connect?: boolean } = {},
): Promise<void> {
  const arena = contract.createArena?.() ?? createArena({ capacityBytes: 24 * MIB, native: false });
  const { freeBytes, freeSlots } = arena.usage();
  const clock = contract.clock ?? { nowMs: () => Date.now() };
  const context = { arena, space: new ArenaSpaceService(arena), clock };
  const connector = await contract.create(context);
  try {
    if (options.connect ?? true) await connector.connect();
    await test(new ConnectorWorld(contract, arena, context, connector));
    await connector.close();
    expect(arena.usage()).toMatchObject({ references: 0, freeBytes, freeSlots });
  } finally {
    await connector.close();
    await contract.destroy?.(connector);
    arena.close();
  }
}
