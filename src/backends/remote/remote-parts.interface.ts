import { type Clock } from '../../common/clock.js';
import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type HiddenKeys } from '../hidden-keys.js';
import { type KeyOrder } from '../key-order.js';
import { type PendingWrites } from './pending-writes.js';
import { type RemoteCounters } from './remote-counters.js';
import { type RemoteLogger } from './remote-logger.interface.js';
import { type StoreCalls } from './store-calls.js';

/** What the parts of one remote tier share. */
export interface RemoteParts {
  /** What lines in the log begin with. */
  readonly what: string;
  /** With its layers. */
  readonly connector: RemoteConnector;
  readonly calls: StoreCalls;
  readonly order: KeyOrder;
  readonly pending: PendingWrites;
  readonly hidden: HiddenKeys;
  /** Hides a key, and sees to it that the store removes what it has there. */
  readonly hide: (key: ChunkKey) => void;
  readonly counters: RemoteCounters;
  readonly clock: Clock;
  readonly logger: RemoteLogger;
}
