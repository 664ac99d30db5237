import { type Clock } from '../../common/clock.js';

/** Where a backend's few lines go; Nest's loggers fit. */
export interface BackendLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;

/**
 * Whether one side of a medium, reading or writing, works. After a failure everything is refused for a while, then one
 * operation is let through to try; the pauses grow until one succeeds. One line at each change of state.
 */
export class MediumHealth {
  #pauseMs = 0;
  #retryAtMs = 0;
  #trying = false;

  constructor(
    private readonly what: string,
    private readonly clock: Clock,
    private readonly logger: BackendLogger,
  ) {}

  get healthy(): boolean {
    return this.#pauseMs === 0;
  }

  /** Whether the next operation would be tried. */
  get isDue(): boolean {
    return this.healthy || this.clock.nowMs() >= this.#retryAtMs;
  }

  /** Whether to try. While the medium fails, true once per pause. */
  allows(): boolean {
    if (this.healthy) return true;
    if (!this.isDue) return false;
    this.#trying = true;
    this.#retryAtMs = this.clock.nowMs() + this.#pauseMs;
    return true;
  }

  failed(error: unknown): void {
    if (this.healthy) this.logger.error(`${this.what} fails: ${reasonOf(error)}`);
    else if (!this.#trying) return;
    this.#trying = false;
    this.#pauseMs = this.healthy ? FIRST_PAUSE_MS : Math.min(MAX_PAUSE_MS, this.#pauseMs * 2);
    this.#retryAtMs = this.clock.nowMs() + this.#pauseMs;
  }

  succeeded(): void {
    if (this.healthy) return;
    this.#pauseMs = 0;
    this.#trying = false;
    this.logger.log(`${this.what} works again`);
  }
}

export function reasonOf(error: unknown): string {
  return (error as Error).message;
}
