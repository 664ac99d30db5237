import { ConnectorLifecycle } from '../connector-lifecycle.js';
import { LoopingConnector } from '../looping-connector.js';
import {
  type ConnectorCapabilities,
  type FetchOutcome,
  type ListPage,
  type SendOutcome,
} from '../remote-connector.interface.js';

const CAPABILITIES: ConnectorCapabilities = {
  persistent: false,
  shared: true,
  retains: false,
  batch: false,
  list: true,
  remove: true,
  ttl: false,
  metadata: 'none',
  checksum: false,
  maxValueBytes: Number.MAX_SAFE_INTEGER,
  maxKeyBytes: Number.MAX_SAFE_INTEGER,
};

/** Takes everything and gives nothing: to measure what a remote tier costs without its store. */
export class BlackholeConnector extends LoopingConnector {
  readonly capabilities = CAPABILITIES;
  readonly #lifecycle: ConnectorLifecycle;

  constructor(label: string) {
    super();
    const nothing = (): Promise<void> => Promise.resolve();
    this.#lifecycle = new ConnectorLifecycle({ label, open: nothing, shut: nothing });
  }

  connect(): Promise<void> {
    return this.#lifecycle.connect();
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  ping(): Promise<void> {
    return this.#answer(undefined);
  }

  exists(): Promise<boolean> {
    return this.#answer(false);
  }

  get(): Promise<FetchOutcome> {
    return this.#answer('miss');
  }

  put(): Promise<SendOutcome> {
    return this.#answer('stored');
  }

  remove(): Promise<boolean> {
    return this.#answer(false);
  }

  list(): Promise<ListPage> {
    return this.#answer({ keys: [], cursor: '' });
  }

  #answer<T>(value: T): Promise<T> {
    return this.#lifecycle.run(() => Promise.resolve(value));
  }
}
