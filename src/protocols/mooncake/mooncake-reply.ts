import { unpackValue } from './struct-pack.js';
import { type WireChoice, type WireExpected, type WireValue } from './wire-value.js';

/** Memory of a segment's owner that holds an object, or is to hold it. */
export interface MemoryReplica {
  readonly lengthBytes: number;
  /** Where in the owner's memory. */
  readonly address: bigint;
  /** `tcp`, `rdma` */
  readonly protocol: string;
  /** Where the owner says how it is read; or its name, where a metadata server knows that. */
  readonly endpoint: string;
  /** It can be read. */
  readonly isComplete: boolean;
}

/** Where an object is, and how long it stays there. */
export interface ReplicaList {
  /** Those in memory only. */
  readonly replicas: readonly MemoryReplica[];
  readonly leaseMs: number;
}

/** A value, or a code of `MOONCAKE_CODES` in its place. */
export type Outcome<T> = T | { readonly code: number };

const MEMORY = 0;
const COMPLETE = 3;

/** @returns undefined for what is no such reply; so do all below. */
export function parseVersion(body: Buffer): string | undefined {
  const value = valueOf(body);
  return isExpected(value) && !value.isError && typeof value.value === 'string' ? value.value : undefined;
}

/** The reply to PutStart. */
export function parsePutStart(body: Buffer): Outcome<readonly MemoryReplica[]> | undefined {
  return outcomeOf(valueOf(body), replicasOf);
}

/** The reply to BatchPutStart, one answer for each object. */
export function parsePutStartMany(body: Buffer): readonly Outcome<readonly MemoryReplica[]>[] | undefined {
  return listOf(body, replicasOf);
}

/** The reply to BatchGetReplicaList. */
export function parseReplicaLists(body: Buffer): readonly Outcome<ReplicaList>[] | undefined {
  return listOf(body, replicaListOf);
}

/** The reply to BatchExistKey. */
export function parseFlags(body: Buffer): readonly Outcome<boolean>[] | undefined {
  return listOf(body, (value) => (typeof value === 'boolean' ? value : undefined));
}

/** The reply to BatchPutEnd and BatchRemove: a code for each object, 0 where all is well. */
export function parseCodes(body: Buffer): readonly number[] | undefined {
  return listOf(body, () => 0)?.map((outcome) => (typeof outcome === 'number' ? outcome : outcome.code));
}

/** The reply to PutRevoke. */
export function parseCode(body: Buffer): number | undefined {
  const outcome = outcomeOf(valueOf(body), () => 0);
  return typeof outcome === 'object' ? outcome.code : outcome;
}

/** Whether a master of 0.3.14 or later answered: earlier ones have no fields that a reader may ignore. */
export function hasCompatibleFields(body: Buffer): boolean {
  return unpackValue(body)?.hasCompatible === true;
}

function valueOf(body: Buffer): WireValue {
  return unpackValue(body)?.value;
}

function listOf<T>(body: Buffer, read: (value: WireValue) => T | undefined): Outcome<T>[] | undefined {
  const value = valueOf(body);
  if (!isList(value)) return undefined;
  const outcomes = value.map((item) => outcomeOf(item, read));
  return outcomes.every((outcome) => outcome !== undefined) ? outcomes : undefined;
}

function outcomeOf<T>(value: WireValue, read: (value: WireValue) => T | undefined): Outcome<T> | undefined {
  if (!isExpected(value)) return undefined;
  if (!value.isError) return read(value.value);
  return typeof value.value === 'number' ? { code: value.value } : undefined;
}

function replicaListOf(value: WireValue): ReplicaList | undefined {
  if (!isList(value)) return undefined;
  const [list, leaseMs] = value;
  const replicas = replicasOf(list);
  return replicas === undefined || typeof leaseMs !== 'bigint'
    ? undefined
    : { replicas, leaseMs: Number(leaseMs) };
}

function replicasOf(value: WireValue): readonly MemoryReplica[] | undefined {
  if (!isList(value)) return undefined;
  const replicas = value.map(replicaOf);
  return replicas.includes(undefined) ? undefined : replicas.filter((replica) => typeof replica === 'object');
}

/** @returns `elsewhere` for a replica that is not in memory. */
function replicaOf(value: WireValue): MemoryReplica | 'elsewhere' | undefined {
  if (!isList(value)) return undefined;
  const [, place, status] = value;
  if (!isChoice(place)) return undefined;
  if (place.index !== MEMORY) return 'elsewhere';
  const [memory] = isList(place.value) ? place.value : [];
  const [lengthBytes, address, protocol, endpoint] = isList(memory) ? memory : [];
  const isMemory =
    typeof lengthBytes === 'bigint' &&
    typeof address === 'bigint' &&
    typeof protocol === 'string' &&
    typeof endpoint === 'string';
  if (!isMemory) return undefined;
  return {
    lengthBytes: Number(lengthBytes),
    address,
    protocol,
    endpoint,
    isComplete: status === COMPLETE,
  };
}

function isList(value: WireValue): value is readonly WireValue[] {
  return Array.isArray(value);
}

function isChoice(value: WireValue): value is WireChoice {
  return typeof value === 'object' && 'index' in value;
}

function isExpected(value: WireValue): value is WireExpected {
  return typeof value === 'object' && 'isError' in value;
}
