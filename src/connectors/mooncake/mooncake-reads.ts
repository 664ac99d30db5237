import { type MemoryReplica, type ReplicaList } from '../../protocols/mooncake/mooncake-reply.js';
import { type FetchOutcome } from '../remote-connector.interface.js';
import { fetchedTogether } from './fetched-together.js';
import { type MooncakeMasters } from './master/mooncake-masters.js';
import { type ObjectStart, type ObjectToFetch } from './mooncake-engine.interface.js';
import { type SegmentOwners } from './owners/segment-owners.js';
import { type TransferConnection, type ValueTarget } from './owners/transfer-connection.js';
import { RunningReads } from './running-reads.js';

type Signal = AbortSignal | undefined;

/** Where an object is, as the master said at a time; it holds for as long as the lease. */
interface Location extends ReplicaList {
  readonly askedAtMs: number;
  readonly generation: number;
}

/** @param isValid whether what was read by now is the object. */
type ReadReplica<T> = (
  connection: TransferConnection,
  replica: MemoryReplica,
  isValid: () => boolean,
) => Promise<T | typeof LATE | undefined>;

/** It was its turn when the lease had ended already. */
const LATE = Symbol('late');

/**
 * Objects of a Mooncake Store, read. The master says where they are, and for how long; the bytes come from the memory of
 * whoever owns the segment, who does not know what is in it now. So what was read counts only when the lease still ran at
 * the end.
 */
export class MooncakeReads {
  readonly #running = new RunningReads();

  constructor(
    private readonly masters: MooncakeMasters,
    private readonly owners: SegmentOwners,
  ) {}

  /** Objects that are about to be removed: who reads them now has read nothing. */
  invalidate(names: readonly string[]): void {
    for (const name of names) this.#running.invalidate(name);
  }

  /** One failure fails all; then what was read is given back. */
  async fetchMany(objects: readonly ObjectToFetch[], signal: Signal): Promise<readonly FetchOutcome[]> {
    const names = objects.map(({ name }) => name);
    const locations = await this.#locate(names, signal);
    return fetchedTogether(
      objects.map(async ({ name, take }, i) => {
        const read: ReadReplica<FetchOutcome> = (...place) => fetchWhole(take, signal, ...place);
        return (await this.#read(name, locations[i], read, signal)) ?? 'miss';
      }),
    );
  }

  /** At most so many bytes of the beginning of each; undefined in the place of what is not there. */
  async peekMany(
    names: readonly string[],
    maxBytes: number,
    signal: Signal,
  ): Promise<readonly (ObjectStart | undefined)[]> {
    const locations = await this.#locate(names, signal);
    const read: ReadReplica<ObjectStart> = (...place) => fetchStart(maxBytes, signal, ...place);
    return Promise.all(names.map((name, i) => this.#read(name, locations[i], read, signal)));
  }

  /** The master is asked again, once, when the lease has ended before it was its turn. */
  async #read<T>(
    name: string,
    location: Location | undefined,
    read: ReadReplica<T>,
    signal: Signal,
  ): Promise<T | undefined> {
    const outcome = await this.#readAt(name, location, read, signal);
    if (outcome !== LATE) return outcome;
    const [again] = await this.#locate([name], signal);
    const second = await this.#readAt(name, again, read, signal);
    return second === LATE ? undefined : second;
  }

  /** From the first replica that can be reached. */
  async #readAt<T>(
    name: string,
    location: Location | undefined,
    read: ReadReplica<T>,
    signal: Signal,
  ): Promise<T | typeof LATE | undefined> {
    if (location === undefined) return undefined;
    using running = this.#running.begin(name);
    const isValid = (): boolean => !running.isInvalid && this.#holds(location);
    for (const replica of location.replicas) {
      if (!replica.isComplete || !this.owners.isReachable(replica)) continue;
      const outcome = await this.owners.read(
        replica,
        (connection) => read(connection, replica, isValid),
        signal,
      );
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  /** The master begins to count when it answers, which is later. */
  #holds({ askedAtMs, leaseMs, generation }: Location): boolean {
    return performance.now() - askedAtMs < leaseMs && generation === this.masters.generation;
  }

  async #locate(names: readonly string[], signal: Signal): Promise<readonly (Location | undefined)[]> {
    const askedAtMs = performance.now();
    const lists = await this.masters.replicaLists(names, signal);
    const { generation } = this.masters;
    return lists.map((list) => list && { ...list, askedAtMs, generation });
  }
}

async function fetchWhole(
  take: ObjectToFetch['take'],
  signal: Signal,
  ...[connection, replica, isValid]: Parameters<ReadReplica<FetchOutcome>>
): Promise<FetchOutcome | typeof LATE> {
  if (!isValid()) return LATE;
  using intake = take(replica.lengthBytes);
  // Without room for it there is nothing to read it for.
  if (!intake.discards && !(await connection.read(replica, intake, signal))) return 'miss';
  return isValid() ? intake.finish() : 'miss';
}

async function fetchStart(
  maxBytes: number,
  signal: Signal,
  ...[connection, replica, isValid]: Parameters<ReadReplica<ObjectStart>>
): Promise<ObjectStart | typeof LATE | undefined> {
  if (!isValid()) return LATE;
  const { address, lengthBytes } = replica;
  const bytes = Buffer.alloc(Math.min(maxBytes, lengthBytes));
  const isThere = await connection.read({ address, lengthBytes: bytes.length }, into(bytes), signal);
  return isThere && isValid() ? { bytes, lengthBytes } : undefined;
}

function into(bytes: Buffer): ValueTarget {
  let filled = 0;
  return {
    target: (maxBytes) => bytes.subarray(filled, filled + maxBytes),
    advance: (count) => void (filled += count),
  };
}
