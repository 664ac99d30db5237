import { isKvError } from '../../common/errors/kv-error.js';
import { aboutTier } from '../../connectors/about-tier.js';
import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { type CircuitState } from '../../layers/circuit-breaker.layer.js';
import { type RemoteLogger } from './remote-logger.interface.js';

export interface StoreHealthOptions {
  /** Name of the tier. */
  readonly tier: string;
  /** What its lines in the log begin with. */
  readonly what: string;
  readonly pingIntervalMs: number;
  /** How often a ping that failed is made again at once: as often as the circuit breaker takes to be sure. */
  readonly pingAttempts: number;
  /** A store that gets out of order again before this is over is told to be in order only when it has been for so long. */
  readonly steadyMs: number;
  readonly logger: RemoteLogger;
  /** The store has answered: when it was reached, at each ping, and when it is in order again. */
  readonly onAnswer: () => void;
}

/**
 * Whether the store is in order: it was reached, and the circuit breaker around it is closed. While it is not, it is
 * tried again in the background. One line in the log for each change, but for a store that keeps changing, such as one
 * that answers reads and refuses puts.
 */
export class StoreHealth {
  readonly #options: StoreHealthOptions;
  #connector: RemoteConnector | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reached = false;
  #circuit: CircuitState = 'closed';
  #isToldUp = true;
  #toldUpAtMs = -Infinity;
  #isRelapse = false;
  #steady: NodeJS.Timeout | undefined;

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
      if (isKvError(error) && error.kind === 'config') throw aboutTier(this.#options.tier, error);
      this.#report(error);
    }
    this.#connector = connector;
    this.#timer = setInterval(() => void this.#tryAgain(), this.#options.pingIntervalMs);
    this.#timer.unref();
    if (this.isUp) this.#options.onAnswer();
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#steady);
    this.#timer = undefined;
    this.#connector = undefined;
    this.#reached = false;
  }

  /** For the circuit breaker. */
  onCircuit(state: CircuitState, error: unknown): void {
    this.#circuit = state;
    if (state !== 'half-open') this.#report(error);
    if (this.isUp) this.#options.onAnswer();
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
    if (!this.isUp) {
      clearTimeout(this.#steady);
      this.#steady = undefined;
      if (this.#isToldUp) this.#tellDown(error);
    } else if (!this.#isToldUp) {
      if (this.#isRelapse) this.#steady ??= setTimeout(() => this.#tellUp(), this.#options.steadyMs).unref();
      else this.#tellUp();
    }
  }

  #tellDown(error: unknown): void {
    const { what, logger, steadyMs } = this.#options;
    this.#isToldUp = false;
    this.#isRelapse = performance.now() - this.#toldUpAtMs < steadyMs;
    const how = this.#isRelapse ? 'out of order now and then' : 'out of order';
    logger.warn(`${what} is ${how}, its reads are misses meanwhile: ${reasonOf(error)}`);
  }

  #tellUp(): void {
    const { what, logger } = this.#options;
    this.#isToldUp = true;
    this.#toldUpAtMs = performance.now();
    logger.log(`${what} is in order again`);
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
