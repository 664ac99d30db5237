import { setTimeout as delay } from 'node:timers/promises';
import { isFull, MOONCAKE_CODES } from '../../protocols/mooncake/mooncake-codes.js';
import { type MemoryReplica, type Outcome } from '../../protocols/mooncake/mooncake-reply.js';
import { remoteAborted } from '../connector-errors.js';
import { type SendOutcome } from '../remote-connector.interface.js';
import { type MooncakeMasters } from './master/mooncake-masters.js';
import { type ObjectToStore } from './mooncake-engine.interface.js';
import { type MooncakeReads } from './mooncake-reads.js';
import { type SegmentOwners, type WriteEnd } from './owners/segment-owners.js';
import { type SegmentSizes } from './owners/segment-sizes.js';

type Signal = AbortSignal | undefined;

interface Attempt extends ObjectToStore {
  readonly lengthBytes: number;
  /** Its place among the answers. */
  readonly at: number;
}

/** Why an object is put once more. */
type Again = 'full' | 'elsewhere' | 'replaced';

export interface MooncakePutsOptions {
  readonly label: string;
  readonly masters: MooncakeMasters;
  readonly owners: SegmentOwners;
  readonly reads: MooncakeReads;
  readonly sizes: SegmentSizes;
}

/** The master makes room in the background when it has refused: a moment later there may be some. */
const FULL_PAUSE_MS = 100;

/**
 * Objects of a Mooncake Store, written: the master grants memory, its owners take the bytes, the master makes the object
 * visible. An object is written once; one that has to change is removed first.
 */
export class MooncakePuts {
  constructor(private readonly options: MooncakePutsOptions) {}

  /**
   * Puts objects of different names, in one round trip where none has to be put again. What was granted goes on to its
   * end.
   *
   * @param signal ends it where nothing is on its way.
   */
  async putMany(objects: readonly ObjectToStore[], signal: Signal): Promise<readonly SendOutcome[]> {
    const attempts = objects.map((object, at): Attempt => ({ ...object, at, lengthBytes: lengthOf(object) }));
    const round = new PutRound(this.options);
    await round.run(await this.#fitting(attempts, round, signal), signal);
    if (round.again.size > 0 && round.failure === undefined) {
      if ([...round.again.values()].includes('full')) await delay(FULL_PAUSE_MS);
      const left = [...round.again.keys()];
      round.again.clear();
      await round.run(left, signal);
    }
    if (round.failure !== undefined) throw round.failure;
    return attempts.map(({ at }) => round.outcomes.get(at) ?? 'busy');
  }

  /** An object for which no segment is large enough would cost all others their place before it is refused. */
  async #fitting(attempts: readonly Attempt[], round: PutRound, signal: Signal): Promise<readonly Attempt[]> {
    const longestBytes = Math.max(0, ...attempts.map(({ lengthBytes }) => lengthBytes));
    const roomBytes = await this.options.sizes.roomFor(longestBytes);
    const unfit = attempts.filter(({ lengthBytes }) => lengthBytes === 0 || lengthBytes > roomBytes);
    if (unfit.length === 0) return attempts;
    for (const { at, lengthBytes } of unfit)
      round.outcomes.set(at, roomBytes === 0 && lengthBytes > 0 ? 'busy' : 'rejected');
    await round.forget(unfit, signal);
    return attempts.filter((attempt) => !unfit.includes(attempt));
  }
}

/** One attempt to put objects, and what came of it. */
class PutRound {
  readonly outcomes = new Map<number, SendOutcome>();
  readonly again = new Map<Attempt, Again>();
  failure: Error | undefined;

  constructor(private readonly options: MooncakePutsOptions) {}

  async run(attempts: readonly Attempt[], signal: Signal): Promise<void> {
    if (attempts.length === 0) return;
    const { masters, label } = this.options;
    if (signal?.aborted === true) throw remoteAborted(label);
    // Whose answer nobody hears, that memory stays taken, and the name with it.
    const granted = await masters.putStart(attempts);
    const { generation } = masters;
    const written: Attempt[] = [];
    const there: Attempt[] = [];
    await this.#all(
      attempts.map(async (attempt, i) => {
        const grant = granted[i] as Outcome<readonly MemoryReplica[]>;
        if (!('code' in grant)) {
          if (await this.#write(attempt, grant, generation)) written.push(attempt);
        } else if (grant.code === MOONCAKE_CODES.OBJECT_ALREADY_EXISTS) there.push(attempt);
        else this.#refused(attempt, grant.code);
      }),
    );
    await this.#all([this.#finish(written), this.#meet(there, signal)]);
  }

  /** Older objects of these names, if there are any, go. */
  async forget(attempts: readonly Attempt[], signal: Signal): Promise<readonly number[]> {
    const names = attempts.map(({ name }) => name);
    this.options.reads.invalidate(names);
    return this.options.masters.removeMany(names, signal);
  }

  /** Waits for all: as long as one goes on, it reads from the chunks. */
  async #all(steps: readonly Promise<void>[]): Promise<void> {
    for (const step of await Promise.allSettled(steps)) {
      if (step.status === 'rejected') this.failure ??= step.reason as Error;
    }
  }

  #refused(attempt: Attempt, code: number): void {
    if (isFull(code)) this.again.set(attempt, 'full');
    else if (code === MOONCAKE_CODES.INVALID_PARAMS) this.outcomes.set(attempt.at, 'rejected');
    else this.failure ??= this.options.masters.failed('BatchPutStart', code);
  }

  /** @returns whether all copies are written. */
  async #write(attempt: Attempt, replicas: readonly MemoryReplica[], generation: number): Promise<boolean> {
    const { owners, masters } = this.options;
    const isReachable = replicas.length > 0 && replicas.every((replica) => owners.isReachable(replica));
    // A master that was replaced gives the same memory to others.
    const isGranted = (): boolean => generation === masters.generation;
    const ends: readonly WriteEnd[] = isReachable
      ? await Promise.all(replicas.map((replica) => owners.write(replica, attempt.parts, isGranted)))
      : ['gone'];
    if (ends.every((end) => end === 'written')) return true;
    // What may still arrive must not arrive in the next object's memory: the master keeps it for ten minutes.
    if (ends.includes('unknown')) this.outcomes.set(attempt.at, 'busy');
    else {
      await masters.putRevoke(attempt.name);
      this.again.set(attempt, 'elsewhere');
    }
    return false;
  }

  async #finish(written: readonly Attempt[]): Promise<void> {
    if (written.length === 0) return;
    const { masters } = this.options;
    const codes = await masters.putEnd(written.map(({ name }) => name));
    for (const [i, { at }] of written.entries()) {
      const code = codes[i] ?? MOONCAKE_CODES.OBJECT_NOT_FOUND;
      if (code === MOONCAKE_CODES.OK) this.outcomes.set(at, 'stored');
      else this.failure ??= masters.failed('BatchPutEnd', code);
    }
  }

  async #meet(there: readonly Attempt[], signal: Signal): Promise<void> {
    const same = await this.#sameAsThere(there, signal);
    for (const { at } of same) this.outcomes.set(at, 'stored');
    const others = there.filter((attempt) => !same.has(attempt));
    if (others.length === 0) return;
    const codes = await this.forget(others, signal);
    for (const [i, attempt] of others.entries()) {
      // Somebody else is still writing it, or died in the midst of that.
      if (codes[i] === MOONCAKE_CODES.REPLICA_IS_NOT_READY) this.outcomes.set(attempt.at, 'busy');
      else this.again.set(attempt, 'replaced');
    }
  }

  async #sameAsThere(there: readonly Attempt[], signal: Signal): Promise<ReadonlySet<Attempt>> {
    const same = new Set(there.filter(({ whenThere }) => whenThere === 'keep'));
    const compared = there.filter(({ whenThere }) => whenThere === 'compare');
    if (compared.length === 0) return same;
    const headerBytes = Math.max(...compared.map(({ parts }) => parts[0]?.length ?? 0));
    const starts = await this.options.reads.peekMany(
      compared.map(({ name }) => name),
      headerBytes,
      signal,
    );
    for (const [i, attempt] of compared.entries()) {
      const [header = new Uint8Array()] = attempt.parts;
      const start = starts[i];
      const isSame =
        start?.lengthBytes === attempt.lengthBytes && start.bytes.subarray(0, header.length).equals(header);
      if (isSame) same.add(attempt);
    }
    return same;
  }
}

function lengthOf({ parts }: ObjectToStore): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
