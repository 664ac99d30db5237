import { type NixlOutcome, type NixlRead, type NixlReadResult } from './nixl-agent.interface.js';

const NO_CHECKSUMS = new Uint32Array();
const NO_HEADERS = Buffer.alloc(0);
const SETTLED = Promise.resolve();

export interface TransferCount {
  readonly transfers: number;
  readonly bytes: number;
}

type Answer = Omit<NixlReadResult, 'settled'>;

interface PendingRead {
  readonly peer: string;
  readonly bytes: number;
  /** Ends the wait; absent when nobody waits any more. */
  answer: ((result: NixlReadResult) => void) | undefined;
  /** Of one in quarantine. */
  settle?: () => void;
}

export function readWith(headers: Buffer = NO_HEADERS, checksums: Uint32Array = NO_CHECKSUMS): Answer {
  return { outcome: 'done', checksums, headers };
}

/** A result without bytes. */
export function readWithout(outcome: NixlOutcome, reason?: string): Answer {
  return { outcome, ...(reason && { reason }), checksums: NO_CHECKSUMS, headers: NO_HEADERS };
}

/** The reads that the library is not done with: those that somebody waits for, and those in quarantine. */
export class PendingReads {
  readonly #reads = new Map<number, PendingRead>();
  readonly #quarantinedOf = new Map<string, number>();
  #inFlight: TransferCount = { transfers: 0, bytes: 0 };
  #quarantined: TransferCount = { transfers: 0, bytes: 0 };
  #lastId = 0;

  get count(): number {
    return this.#reads.size;
  }

  get inFlight(): TransferCount {
    return this.#inFlight;
  }

  get quarantined(): TransferCount {
    return this.#quarantined;
  }

  quarantinedBytes(peer: string): number {
    return this.#quarantinedOf.get(peer) ?? 0;
  }

  /**
   * @param submit begins the read.
   * @param giveUp is called when the deadline has passed, or the signal has aborted, before the end.
   */
  add(
    request: NixlRead,
    submit: (id: number) => void,
    giveUp: (id: number, peer: string) => void,
  ): Promise<NixlReadResult> {
    const id = (this.#lastId = (this.#lastId + 1) >>> 0);
    const result = Promise.withResolvers<NixlReadResult>();
    const stop = (outcome: NixlOutcome): void => {
      this.#stopWaiting(id, outcome);
      giveUp(id, request.peer);
    };
    const onAbort = (): void => stop('aborted');
    const timer = setTimeout(() => stop('timeout'), request.timeoutMs);
    request.signal?.addEventListener('abort', onAbort, { once: true });
    const bytes = request.blocks.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
    const answer: PendingRead['answer'] = (answered) => {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', onAbort);
      result.resolve(answered);
    };
    this.#reads.set(id, { peer: request.peer, bytes, answer });
    this.#inFlight = changed(this.#inFlight, 1, bytes);
    submit(id);
    return result.promise;
  }

  /** The library is done with it. */
  end(id: number, result: Answer): void {
    const read = this.#reads.get(id);
    if (read === undefined) return;
    this.#reads.delete(id);
    if (read.answer === undefined) {
      this.#quarantine(read, -1);
      read.settle?.();
    } else {
      this.#inFlight = changed(this.#inFlight, -1, read.bytes);
      read.answer({ ...result, settled: SETTLED });
    }
  }

  /** Nothing more will be heard of any of them. @param written whether the library may still write to their pages. */
  endAll(outcome: NixlOutcome, { written }: { written: boolean }): void {
    for (const id of [...this.#reads.keys()]) {
      if (written) this.#stopWaiting(id, outcome);
      else this.end(id, readWithout(outcome));
    }
  }

  /** From now on the read is in quarantine. */
  #stopWaiting(id: number, outcome: NixlOutcome): void {
    const read = this.#reads.get(id);
    if (read?.answer === undefined) return;
    const settled = Promise.withResolvers<undefined>();
    const { answer } = read;
    read.answer = undefined;
    read.settle = () => settled.resolve(undefined);
    this.#inFlight = changed(this.#inFlight, -1, read.bytes);
    this.#quarantine(read, 1);
    answer({ ...readWithout(outcome), settled: settled.promise });
  }

  #quarantine({ peer, bytes }: PendingRead, sign: 1 | -1): void {
    this.#quarantined = changed(this.#quarantined, sign, bytes);
    const ofPeer = this.quarantinedBytes(peer) + sign * bytes;
    if (ofPeer > 0) this.#quarantinedOf.set(peer, ofPeer);
    else this.#quarantinedOf.delete(peer);
  }
}

function changed({ transfers, bytes }: TransferCount, sign: 1 | -1, by: number): TransferCount {
  return { transfers: transfers + sign, bytes: bytes + sign * by };
}
