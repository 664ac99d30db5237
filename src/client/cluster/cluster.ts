import { Deadlines, nowMs } from '../../common/deadlines.js';
import { clientClosed, clientUnavailable, isOutage } from '../client-errors.js';
import { type ClientSettings } from '../options/client-settings.js';
import { type CallKind, Server } from '../pool/server.js';
import { Call, type CallLimits, type ReplyTaker } from '../wire/call.js';
import { type WireRequest } from '../wire/request.js';
import { hashBytes, Rendezvous } from './rendezvous.js';

/** How often silence is looked for: so many times within what means something. */
const CHECKS = 5;
const MAX_CHECK_MS = 1000;

/** All servers of a client. What is asked of which, how long it may take, and when one is given up. */
export class Cluster {
  readonly servers: readonly Server[];
  readonly #rendezvous: Rendezvous;
  readonly #deadlines = new Deadlines();
  #checkMs = Infinity;
  #checks: NodeJS.Timeout | undefined;
  #checkedAtMs = nowMs();
  #closing: Promise<void> | undefined;

  constructor(settings: ClientSettings) {
    this.servers = settings.servers.map(
      (address) =>
        new Server(address, settings, ({ heartbeatMs }) => this.#checkAtLeastEvery(heartbeatMs / CHECKS)),
    );
    this.#rendezvous = new Rendezvous(settings.servers);
    this.#checkAtLeastEvery(Math.min(MAX_CHECK_MS, settings.unresponsiveMs / CHECKS));
  }

  /**
   * When one server is reached, or none can be.
   * @throws why one does not take this client, or KV_CLIENT_UNAVAILABLE.
   */
  async reached(): Promise<void> {
    try {
      await Promise.any(this.servers.map(({ firstAttempt }) => firstAttempt));
    } catch (error) {
      const reasons = (error as AggregateError).errors as readonly Error[];
      const reason = reasons.find((one) => !isOutage(one)) ?? reasons[0];
      if (reasons.length === 1 || !isOutage(reason)) throw reason as Error;
      throw clientUnavailable(this.servers.map(({ address }) => address.name).join(', '), reason);
    }
  }

  /** Undefined while no server has said so. */
  get chunkTokens(): number | undefined {
    return this.servers.find(({ hello }) => hello !== undefined)?.hello?.chunkTokens;
  }

  /** @returns the server where what has these bytes for a name lies. */
  serverOf(bytes: Uint8Array): Server {
    return this.servers.length === 1 ? this.#first : this.serverAt(hashBytes(bytes));
  }

  serverAt(hash: number): Server {
    return this.servers[this.#rendezvous.place(hash)] as Server;
  }

  /** Sends a request; what becomes of it, the taker is told, and never before this returns but where nothing can be sent. */
  ask(server: Server, kind: CallKind, request: WireRequest, limits: CallLimits, taker: ReplyTaker): Call {
    const call = new Call(request, taker, limits, this.#deadlines);
    if (this.#closing !== undefined) call.fail(clientClosed());
    else if (limits.signal?.aborted === true) call.fail(limits.signal.reason);
    else server.dispatch(call, kind);
    return call;
  }

  /** For waiting that is no request. */
  get deadlines(): Deadlines {
    return this.#deadlines;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #first(): Server {
    return this.servers[0] as Server;
  }

  async #close(): Promise<void> {
    clearInterval(this.#checks);
    await Promise.all(this.servers.map((server) => server.close()));
    this.#deadlines.close();
  }

  #checkAtLeastEvery(periodMs: number): void {
    if (periodMs >= this.#checkMs || this.#closing !== undefined) return;
    clearInterval(this.#checks);
    this.#checkMs = periodMs;
    this.#checks = setInterval(() => this.#checkSilence(), periodMs).unref();
  }

  /** Where this process stood still, that was nobody's silence. */
  #checkSilence(): void {
    const now = nowMs();
    const elapsedMs = Math.min(now - this.#checkedAtMs, 2 * this.#checkMs);
    this.#checkedAtMs = now;
    for (const server of this.servers) server.checkSilence(elapsedMs);
  }
}
