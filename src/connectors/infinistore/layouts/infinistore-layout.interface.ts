import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import {
  type ConnectorCapabilities,
  type FetchOutcome,
  type SendOutcome,
} from '../../remote-connector.interface.js';
import { type PutSignals } from '../infinistore-client.js';

/**
 * How chunks lie in InfiniStore. Whoever calls has the lock of the chunk's key: shared for `exists` and `get`, else
 * alone. A signal ends waiting for a connection; what was begun on one goes on.
 */
export interface InfinistoreLayout {
  readonly capabilities: Pick<
    ConnectorCapabilities,
    'metadata' | 'checksum' | 'maxValueBytes' | 'maxKeyBytes'
  >;

  /** The key whose presence says that the chunk is there, and whose lock protects it. */
  keyOf(key: ChunkKey): string;
  /** Whether the presence of that key is all that `exists` would look at. */
  isNameEnough(withMetadata: boolean): boolean;
  exists(key: ChunkKey, withMetadata: boolean, signal: AbortSignal | undefined): Promise<boolean>;
  get(key: ChunkKey, signal: AbortSignal | undefined): Promise<FetchOutcome>;
  put(chunk: ArenaHandle, signals: PutSignals): Promise<SendOutcome>;
  remove(key: ChunkKey, signal: AbortSignal | undefined): Promise<boolean>;
}
