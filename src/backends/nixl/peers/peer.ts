import { backOffMs } from '../../../client/pool/back-off.js';
import { isKvError } from '../../../common/errors/kv-error.js';
import { remoteTimeout } from '../../../connectors/connector-errors.js';
import { untilAborted } from '../../../connectors/until-aborted.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type PeerIdentity, type PeerReader } from '../peer-reader.interface.js';
import { addCounters, type PeerCounters } from './peer-counters.js';
import { type PeerLogger } from './peer-source.interface.js';
import { reasonOf } from './reason-of.js';
import { SummaryKeeper, type SummaryRules } from './summary-keeper.js';

/**
 * `new`: not reached yet; `up`; `down`: left alone until its back-off ends; `self`: it is this very server; `twin`: the
 * same server as another peer.
 */
export type PeerState = 'new' | 'up' | 'down' | 'self' | 'twin';

export interface PeerOptions {
  /** What lines in the log begin with. */
  readonly what: string;
  readonly reader: PeerReader;
  /** Of this server: it never asks itself. */
  readonly bootId: string;
  readonly connectTimeoutMs: number;
  readonly backOff: { readonly minMs: number; readonly maxMs: number };
  readonly summaries: SummaryRules;
  readonly logger: PeerLogger;
  readonly isTwin: (bootId: string) => boolean;
}

/** Of a peer that failed so often in a row, the log is silent until it is well for a while. */
const RELAPSES = 3;

/**
 * One peer: whether it may be asked, and questions to it, which never fail. One that fails is left alone for a while
 * that doubles, and is reached again in the background.
 */
export class Peer {
  readonly counters: PeerCounters = addCounters();
  readonly firstAttempt: Promise<void>;
  readonly #options: PeerOptions;
  readonly #keeper: SummaryKeeper;
  readonly #attempted = Promise.withResolvers<undefined>();
  #state: PeerState = 'new';
  #identity: PeerIdentity | undefined;
  #failures = 0;
  #upSinceMs = 0;
  #pauseMs = 0;
  #pausedAtMs = 0;
  #reason: string | undefined;
  #told: 'up' | 'down' | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PeerOptions) {
    this.#options = options;
    const { reader, what, logger, summaries } = options;
    this.#keeper = new SummaryKeeper(
      () => reader.summary,
      summaries,
      (line) => logger.warn(`${what}: ${reader.label} ${line}`),
    );
    this.firstAttempt = this.#attempted.promise;
  }

  get label(): string {
    return this.#options.reader.label;
  }

  get reader(): PeerReader {
    return this.#options.reader;
  }

  get state(): PeerState {
    return this.#state;
  }

  get identity(): PeerIdentity | undefined {
    return this.#identity;
  }

  get isPromising(): boolean {
    return this.#state === 'up' && !this.#isClosed;
  }

  /** Why it is left alone, and how long still; undefined while it is not. */
  get backOff(): { readonly reason: string; readonly leftMs: number } | undefined {
    if (this.#state !== 'down' || this.#reason === undefined) return undefined;
    const pastMs = performance.now() - this.#pausedAtMs;
    return { reason: this.#reason, leftMs: Math.max(0, Math.ceil(this.#pauseMs - pastMs)) };
  }

  start(): void {
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#keeper.stop();
    this.#attempted.resolve(undefined);
    await this.reader.close();
  }

  /** Whether it may have a chunk, as far as its summary tells, if there is one that is fresh. */
  mayHave(key: ChunkKey): boolean {
    return this.#keeper.mayHave(key);
  }

  /**
   * @param giveBack gets an answer that comes too late.
   * @returns undefined where it does not answer, or not in time. Never rejects.
   */
  async ask<T>(
    operation: string,
    timeoutMs: number,
    question: (reader: PeerReader, signal: AbortSignal) => Promise<T>,
    giveBack: (late: T) => void,
  ): Promise<T | undefined> {
    if (!this.isPromising) return undefined;
    this.counters.asked++;
    try {
      const answer = await this.#within(operation, timeoutMs, question, giveBack);
      this.#rememberGood();
      return answer;
    } catch (error) {
      this.counters.failures++;
      this.fail(error);
      return undefined;
    }
  }

  /** It did what it should not: from now on it is left alone for a while. */
  fail(error: unknown): void {
    if (!this.isPromising) return;
    this.counters.back_offs++;
    this.#goDown(error);
  }

  async #connect(): Promise<void> {
    const { connectTimeoutMs, bootId, isTwin } = this.#options;
    try {
      const identity = await this.#within(
        'connect',
        connectTimeoutMs,
        (reader, signal) => reader.connect({ signal }),
        () => undefined,
      );
      if (this.#isClosed) return;
      this.#identity = identity;
      if (identity.bootId === bootId) this.#stepBack('self', Infinity);
      else if (isTwin(identity.bootId)) this.#stepBack('twin', Infinity);
      else this.#goUp(identity);
    } catch (error) {
      if (!this.#isClosed) this.#goDown(error);
    } finally {
      this.#attempted.resolve(undefined);
    }
  }

  async #within<T>(
    operation: string,
    timeoutMs: number,
    question: (reader: PeerReader, signal: AbortSignal) => Promise<T>,
    giveBack: (late: T) => void,
  ): Promise<T> {
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), timeoutMs);
    try {
      const work = question(this.reader, ending.signal);
      return await untilAborted(this.label, ending.signal, work, giveBack);
    } catch (error) {
      throw ending.signal.aborted ? remoteTimeout(this.label, operation, timeoutMs) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  #goUp(identity: PeerIdentity): void {
    this.#state = 'up';
    this.#upSinceMs = performance.now();
    if (this.#failures < RELAPSES) this.#tellUp(identity);
    this.#keeper.start();
  }

  #goDown(error: unknown): void {
    this.#reason = reasonOf(error);
    this.#tellDown(error);
    this.#stepBack('down', this.#failures++);
  }

  /** What it did wrong is forgotten when it has been well for longer than it was left alone. */
  #rememberGood(): void {
    if (this.#failures === 0 || performance.now() - this.#upSinceMs <= this.#pauseMs) return;
    this.#failures = 0;
    if (this.#identity !== undefined) this.#tellUp(this.#identity);
  }

  #stepBack(state: PeerState, failures: number): void {
    if (this.#isClosed) return;
    this.#state = state;
    this.#keeper.stop();
    clearTimeout(this.#timer);
    this.#pauseMs = backOffMs(failures, this.#options.backOff);
    this.#pausedAtMs = performance.now();
    this.#timer = setTimeout(() => void this.#connect(), this.#pauseMs).unref();
  }

  #tellUp({ server }: PeerIdentity): void {
    if (this.#told === 'up') return;
    this.#told = 'up';
    const { what, logger, reader } = this.#options;
    logger.log(`${what}: ${this.label} is there (${server}), its chunks come over ${reader.transport}`);
  }

  /** One line when it begins; while it comes and goes, nothing more. */
  #tellDown(error: unknown): void {
    const { what, logger } = this.#options;
    if (this.#told === 'down') return;
    this.#told = 'down';
    const remedy = isKvError(error) && error.kind === 'config' ? ` ${error.remedy ?? ''}` : '';
    logger.warn(
      `${what}: ${this.label} is left alone for a while, what it has is a miss: ${reasonOf(error)}.${remedy}`,
    );
  }
}
