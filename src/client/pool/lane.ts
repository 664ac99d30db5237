import { isKvError } from '../../common/errors/kv-error.js';
import { clientClosed, clientUnavailable } from '../client-errors.js';
import { type Call, type CallCarrier } from '../wire/call.js';
import { type Connection } from '../wire/connection.js';
import { type ServerHello } from '../wire/hello.js';
import { Slot, type SlotOptions, type SlotOwner } from './slot.js';

/** Who is told how a lane fares. */
export interface LaneOwner {
  onOpen(hello: ServerHello): void;
  onBroken(error: Error): void;
}

/** Connections to one server for calls of one kind. A call that finds all of them full waits here, in the order of coming. */
export class Lane implements CallCarrier, SlotOwner {
  readonly #name: string;
  readonly #connectsOnDemand: boolean;
  readonly #owner: LaneOwner;
  readonly #slots: readonly Slot[];
  readonly #waiting = new Set<Call>();
  #lastError: Error | undefined;
  #isClosed = false;

  constructor(options: SlotOptions, connections: number, owner: LaneOwner) {
    this.#name = options.address.name;
    this.#connectsOnDemand = options.reconnect.onDemand ?? false;
    this.#owner = owner;
    this.#slots = Array.from({ length: connections }, () => new Slot(options, this));
  }

  /** Whether a call would be sent, or would be well advised to wait. */
  get isPromising(): boolean {
    return this.#slots.some(({ isPromising }) => isPromising);
  }

  get isLeaving(): boolean {
    return this.#slots.every(({ isPromising }) => !isPromising) && this.#leaving() !== undefined;
  }

  get connections(): readonly Connection[] {
    return this.#slots.flatMap(({ connections }) => connections);
  }

  dispatch(call: Call): void {
    if (this.#connectsOnDemand && !this.isPromising && this.#leaving() === undefined)
      for (const slot of this.#slots) slot.hurry();
    this.#dispatch(call);
  }

  #dispatch(call: Call): void {
    const connection = this.#pick();
    if (connection !== undefined) connection.send(call);
    else if (this.#isClosed) call.fail(clientClosed());
    else if (this.isPromising) this.#wait(call);
    else call.fail(this.#unavailable());
  }

  /** It waits no more. */
  abandon(call: Call): void {
    this.#waiting.delete(call);
  }

  close(error: Error): void {
    this.#isClosed = true;
    for (const call of this.#takeWaiting()) call.fail(error);
    for (const slot of this.#slots) slot.close(error);
  }

  onOpen(hello: ServerHello): void {
    this.#owner.onOpen(hello);
    this.onRoom();
  }

  onRoom(): void {
    for (const call of this.#waiting) {
      const connection = this.#pick();
      if (connection === undefined) return;
      this.#waiting.delete(call);
      connection.send(call);
    }
  }

  onBroken(error: Error, lost: readonly Call[]): void {
    this.#lastError = error;
    this.#owner.onBroken(error);
    for (const call of lost) {
      if (this.#isClosed || !call.mayRestart) call.fail(error);
      else {
        call.restart();
        this.#dispatch(call);
      }
    }
    if (!this.isPromising) for (const call of this.#takeWaiting()) this.#dispatch(call);
  }

  /** The connection with the fewest calls; one whose server is about to end only where there is no other. */
  #pick(): Connection | undefined {
    let best: Connection | undefined;
    let isFull = false;
    for (const { connection } of this.#slots) {
      if (connection === undefined) continue;
      isFull ||= !connection.hasRoom;
      if (connection.hasRoom && (best === undefined || connection.inFlight < best.inFlight))
        best = connection;
    }
    return best ?? (isFull ? undefined : this.#leaving());
  }

  #leaving(): Connection | undefined {
    return this.#slots.find(({ leaving }) => leaving?.hasRoom === true)?.leaving;
  }

  #wait(call: Call): void {
    call.carrier = this;
    this.#waiting.add(call);
  }

  #takeWaiting(): readonly Call[] {
    const calls = [...this.#waiting];
    this.#waiting.clear();
    return calls;
  }

  #unavailable(): Error {
    const error = this.#lastError ?? new Error('no connection');
    return isKvError(error, 'KV_CLIENT_UNAVAILABLE') ? error : clientUnavailable(this.#name, error);
  }
}
