import { type ReplyFlow } from '../reply-flow.interface.js';

const LOOK_AGAIN_MS = 20;

/**
 * Sends a stream piece by piece: one step in each turn of the event loop, for what was sent shows in `flow` only then, and none
 * while the client is behind.
 */
export class Pace {
  #turn: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param step sends something. @returns whether there is more. */
  constructor(
    private readonly flow: ReplyFlow,
    private readonly step: () => boolean,
  ) {}

  /** There is something to send. */
  start(): void {
    if (this.#stopped || this.#turn !== undefined || this.#timer !== undefined) return;
    this.#turn = setImmediate(this.#run);
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#turn);
    clearTimeout(this.#timer);
  }

  readonly #run = (): void => {
    this.#turn = undefined;
    this.#timer = undefined;
    if (this.flow.isBehind) this.#timer = setTimeout(this.#run, LOOK_AGAIN_MS);
    else if (this.step()) this.start();
  };
}
