import { isKvError } from '../../common/errors/kv-error.js';
import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { type CircuitState } from '../../layers/circuit-breaker.layer.js';
import { type RemoteLogger } from './remote-logger.interface.js';

export interface StoreHealthOptions {
  /** What its lines in the log begin with. */
  readonly what: string;
  readonly pingIntervalMs: number;
  /** How often a ping that failed is made again at once: as often as the circuit breaker takes to be sure. */
  readonly pingAttempts: number;
  readonly logger: RemoteLogger;
  /** The store has answered: when it was reached, at each ping, and when it is in order again. */
  readonly onAnswer: () => void;
}

/**
 * Whether the store is in order: it was reached, and the circuit breaker around it is closed. While it is not, it is
 * tried again in the background. One line in the log for each change.
 */
export class StoreHealth {
  readonly #options: StoreHealthOptions;
  #connector: RemoteConnector | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reached = false;
  #circuit: CircuitState = 'closed';
  #wasUp = true;

  constructor(options: StoreHealthOptions) {
    this.#options = options;
  }

  /** Whether it makes sense to ask the store. A call may be the one that finds it in order again. */
  get isReached(): boolean {
    return this.#reached;
  }

  get isUp(): boolean {
    return this.#reached && this.#circuit === 'closed';
  }

  /**
   * Reaches the store, unless it did. When it cannot be reached, it is tried again later.
   * @throws what the connector throws for a configuration that is wrong.
   */
  async start(connector: RemoteConnector): Promise<void> {
    if (this.#timer !== undefined) return;
    try {
      await connector.connect();
      this.#reached = true;
    } catch (error) {
      if (isKvError(error) && error.kind === 'config') throw error;
      this.#report(error);
    }
    this.#connector = connector;
    this.#timer = setInterval(() => void this.#tryAgain(), this.#options.pingIntervalMs);
    this.#timer.unref();
    if (this.isUp) this.#options.onAnswer();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#connector = undefined;
    this.#reached = false;
  }

  /** For the circuit breaker. */
  onCircuit(state: CircuitState, error: unknown): void {
    this.#circuit = state;
    if (state !== 'half-open') this.#report(error);
  }

  async #tryAgain(): Promise<void> {
    const connector = this.#connector;
    const answers = this.#reached ? await this.#ping(connector) : await succeeds(connector?.connect());
    if (!answers || connector !== this.#connector) return;
    this.#reached = true;
    this.#report(undefined);
    if (this.isUp) this.#options.onAnswer();
  }

  /** What goes wrong here is the circuit breaker's business. */
  async #ping(connector: RemoteConnector | undefined): Promise<boolean> {
    for (let attempt = 0; attempt < this.#options.pingAttempts; attempt++) {
      if (await succeeds(connector?.ping())) return true;
      if (!this.isUp) return false;
    }
    return false;
  }

  #report(error: unknown): void {
    if (this.isUp === this.#wasUp) return;
    this.#wasUp = this.isUp;
    const { what, logger, onAnswer } = this.#options;
    if (this.#wasUp) {
      logger.log(`${what} is in order again`);
      onAnswer();
    } else logger.warn(`${what} is out of order, its reads are misses meanwhile: ${reasonOf(error)}`);
  }
}

async function succeeds(call: Promise<void> | undefined): Promise<boolean> {
  try {
    await call;
    return true;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  if (error === undefined) return 'damaged chunks only';
  return error instanceof Error ? error.message : 'an unknown error';
}
