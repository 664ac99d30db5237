import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type PeerSummary, type SummaryNews } from '../peer-reader.interface.js';

/** How what is known of the keys of peers is kept up to date. */
export interface SummaryRules {
  /** How often they are asked for what is new; 0 = never. */
  readonly everyMs: number;
  /** They tell what is new as soon as it is there, where they can. */
  readonly announcements: boolean;
}

/** A summary counts while it is not older than so many times the pause between two. */
const PERIODS = 2;
/** How long a question waits at a peer that has nothing new. */
const WAIT_MS = 20_000;
/** How long the answer may take beside that. */
const ANSWER_MS = 5_000;
/** Least time from one question to the next, whatever a peer does. */
const LEAST_MS = 5;
/** Before it is tried again what a peer does not do. */
const RETRY_MS = 1_000;

/**
 * Keeps the summary of one peer up to date while the peer may be asked. Where peers announce, one question waits there for what
 * is new, and as long as it does, what the summary does not have is not there; else it is asked for now and then.
 */
export class SummaryKeeper {
  readonly #summary: () => PeerSummary | undefined;
  readonly #rules: SummaryRules;
  readonly #warn: (line: string) => void;
  /** Aborted when no more questions are to be asked. */
  #run = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  /** A question waits, or is about to, and nothing was missed since the answer before it. */
  #isListening = false;
  #isToldMute = false;

  /** @param warn told once of a peer that does not announce. */
  constructor(summary: () => PeerSummary | undefined, rules: SummaryRules, warn: (line: string) => void) {
    this.#summary = summary;
    this.#rules = rules;
    this.#warn = warn;
  }

  /** Whether the peer may have a chunk: false only where its summary is up to date, and has it not. */
  mayHave(key: ChunkKey): boolean {
    const summary = this.#summary();
    if (summary === undefined) return true;
    const { everyMs } = this.#rules;
    const isFresh = this.#isListening || performance.now() - summary.refreshedAtMs <= PERIODS * everyMs;
    return !isFresh || summary.mayHave(key);
  }

  /** The peer may be asked. */
  start(): void {
    this.stop();
    const { everyMs, announcements } = this.#rules;
    if (everyMs === 0 && !announcements) return;
    this.#run = new AbortController();
    void this.#askOn(this.#run.signal);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#run.abort();
    this.#isListening = false;
  }

  async #askOn(signal: AbortSignal): Promise<void> {
    const askedAtMs = performance.now();
    const pauseMs = await this.#askOnce(signal);
    if (signal.aborted) return;
    const leastMs = LEAST_MS - (performance.now() - askedAtMs);
    const next = (): void => void this.#askOn(signal);
    if (Math.max(pauseMs, leastMs) <= 0) next();
    else this.#timer = setTimeout(next, Math.max(pauseMs, leastMs)).unref();
  }

  /** @returns the pause before the next question. */
  async #askOnce(signal: AbortSignal): Promise<number> {
    const { everyMs, announcements } = this.#rules;
    const summary = this.#summary();
    if (summary === undefined) return RETRY_MS;
    if (announcements && announces(summary)) return this.#listen(summary, signal);
    this.#isListening = false;
    if (announcements) this.#tellMute();
    if (everyMs === 0) return RETRY_MS;
    await this.#refresh(summary, { waitMs: 0, timeoutMs: PERIODS * everyMs, signal });
    return everyMs;
  }

  /** The first question does not wait: until it is answered nobody knows what was missed. */
  async #listen(summary: PeerSummary, signal: AbortSignal): Promise<number> {
    this.#isToldMute = false;
    const waitMs = this.#isListening ? WAIT_MS : 0;
    const askedAtMs = performance.now();
    const news = await this.#refresh(summary, { waitMs, timeoutMs: waitMs + ANSWER_MS, signal });
    if (signal.aborted) return 0;
    const hasWaited = waitMs === 0 || news === 'something' || performance.now() - askedAtMs >= RETRY_MS;
    this.#isListening = news !== 'none' && hasWaited;
    return this.#isListening ? 0 : RETRY_MS;
  }

  /** A summary that does not come is one that does not count; questions about chunks find out what is wrong with the peer. */
  async #refresh(
    summary: PeerSummary,
    { waitMs, timeoutMs, signal }: { waitMs: number; timeoutMs: number; signal: AbortSignal },
  ): Promise<SummaryNews> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = setTimeout(end, timeoutMs).unref();
    signal.addEventListener('abort', end);
    try {
      return await summary.refresh({ waitMs, signal: ending.signal });
    } catch {
      return 'none';
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  #tellMute(): void {
    if (this.#isToldMute) return;
    this.#isToldMute = true;
    const { everyMs } = this.#rules;
    const instead = everyMs === 0 ? 'for every chunk' : `for what is new every ${everyMs} ms`;
    this.#warn(`does not announce what is put there, and is asked ${instead}: it runs an older kvnest`);
  }
}

/** A reader that was closed meanwhile does not say. */
function announces(summary: PeerSummary): boolean {
  try {
    return summary.announces;
  } catch {
    return false;
  }
}
