import { isKvError } from '../../common/errors/kv-error.js';
import { type BackendAgent } from '../storage-backend.interface.js';
import { agentStatus } from './agent/agent-status.js';
import { type NixlAgent } from './agent/nixl-agent.interface.js';

export interface NixlHostOptions {
  /** @throws KV_NIXL_UNAVAILABLE */
  readonly start: () => Promise<NixlAgent>;
  readonly logger: { log(line: string): void; warn(line: string): void };
}

/** The one agent of this server, for as long as a tier is open that reads or is read from over NIXL. */
export class NixlHost {
  #users = 0;
  #agent: NixlAgent | undefined;
  #error: unknown = undefined;
  /** Settles when the latest start or end has. */
  #changing: Promise<void> = Promise.resolve();

  constructor(private readonly options: NixlHostOptions) {}

  agent(): NixlAgent | undefined {
    return this.#agent;
  }

  /** Why there is no agent. */
  get reason(): string | undefined {
    return this.#error === undefined ? undefined : firstLine(this.#error);
  }

  status(): BackendAgent {
    const { reason } = this;
    return agentStatus(this.#agent, reason && `NIXL is not in use, chunks of peers come over TCP: ${reason}`);
  }

  /**
   * Starts the agent for its first user. Each `enter` that resolved is ended by a `leave`.
   * @param isRequired without NIXL the caller cannot be.
   * @throws KV_NIXL_UNAVAILABLE where it is required.
   */
  async enter(isRequired: boolean): Promise<void> {
    if (this.#users++ === 0) this.#changing = this.#changing.then(() => this.#start());
    await this.#changing;
    if (!isRequired || this.#agent !== undefined) return;
    await this.leave();
    throw this.#error;
  }

  /** Ends the agent with its last user. Only then may the arena be closed. */
  async leave(): Promise<void> {
    if (--this.#users === 0) this.#changing = this.#changing.then(() => this.#end());
    await this.#changing;
  }

  async #start(): Promise<void> {
    const { start, logger } = this.options;
    try {
      this.#agent = await start();
      this.#error = undefined;
      logger.log(`NIXL ${this.#agent.version} is in use`);
    } catch (error) {
      this.#error = error;
      logger.warn(`NIXL is not in use, chunks of peers come over TCP: ${firstLine(error)}`);
    }
  }

  async #end(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.close();
  }
}

function firstLine(error: unknown): string {
  const text = isKvError(error) ? `${error.code}: ${error.message}` : String(error);
  return text.split('\n', 1)[0] ?? text;
}
