import { type Call } from '../wire/call.js';
import { Connection, type ConnectionOptions, type ConnectionOwner } from '../wire/connection.js';
import { type ServerHello } from '../wire/hello.js';
import { backOffMs } from './back-off.js';

/** How a connection is made again that broke, or could not be made. */
export interface Reconnect {
  /** The pause before it, which doubles. */
  readonly minMs: number;
  readonly maxMs: number;
  /** A call that finds no connection does not fail at once: it makes one, and waits for it. */
  readonly onDemand?: boolean;
}

/** Whose place for a connection it is. */
export interface SlotOwner {
  onOpen(hello: ServerHello): void;
  onRoom(): void;
  /** A connection ended, or could not be made; the slot tries again by itself. */
  onBroken(error: Error, lost: readonly Call[]): void;
}

export interface SlotOptions extends ConnectionOptions {
  readonly reconnect: Reconnect;
}

/** A place for one connection, which is made again whenever it breaks. */
export class Slot implements ConnectionOwner {
  readonly #options: SlotOptions;
  readonly #owner: SlotOwner;
  /** On its way, or open. */
  #connection: Connection | undefined;
  /** Its server is about to end. */
  #leaving: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  /** A connection is likely to be there soon: it is being made for the first time after all was well. */
  #isHopeful = true;
  #isClosed = false;

  constructor(options: SlotOptions, owner: SlotOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#connect();
  }

  /** Open, and to stay. */
  get connection(): Connection | undefined {
    return this.#connection?.isOpen === true ? this.#connection : undefined;
  }

  /** Open as long as its server still lives. */
  get leaving(): Connection | undefined {
    return this.#leaving;
  }

  /** Whether it is worth while to wait for it. */
  get isPromising(): boolean {
    return this.connection !== undefined || (this.#isHopeful && !this.#isClosed);
  }

  get connections(): readonly Connection[] {
    return [this.#connection, this.#leaving].filter((connection) => connection !== undefined);
  }

  /** Tries now what it would try later. */
  hurry(): void {
    if (this.#isClosed) return;
    this.#isHopeful = true;
    if (this.#connection !== undefined) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  close(error: Error): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const connection of this.connections) connection.destroy(error);
  }

  onOpen(_connection: Connection, hello: ServerHello): void {
    this.#failures = 0;
    this.#isHopeful = true;
    this.#owner.onOpen(hello);
  }

  onRoom(): void {
    this.#owner.onRoom();
  }

  onLeaving(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#leaving?.destroy(new Error('another connection of this place is left, too'));
    this.#leaving = connection;
    this.#connection = undefined;
    this.#isHopeful = false;
    this.#connectLater(backOffMs(0, this.#options.reconnect));
  }

  onClose(connection: Connection, error: Error, lost: readonly Call[]): void {
    if (connection === this.#leaving) this.#leaving = undefined;
    else {
      const wasOpen = connection.hello !== undefined;
      this.#connection = undefined;
      this.#isHopeful = wasOpen && !connection.wasSilent;
      const pauseMs = wasOpen ? Math.random() * this.#options.reconnect.minMs : this.#nextPauseMs();
      if (!this.#isClosed) this.#connectLater(pauseMs);
    }
    this.#owner.onBroken(error, lost);
  }

  #nextPauseMs(): number {
    return backOffMs(this.#failures++, this.#options.reconnect);
  }

  #connectLater(pauseMs: number): void {
    this.#timer = setTimeout(() => this.#connect(), pauseMs);
    // Calls may wait for a hopeful one, and must not see the process end.
    if (!this.#isHopeful) this.#timer.unref();
  }

  #connect(): void {
    this.#connection = new Connection(this.#options, this);
  }
}
