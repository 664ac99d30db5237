import { type Clock } from '../../../common/clock.js';
import { type KeyRemover } from './keyspace/key-remover.js';
import { type KeyWriter } from './keyspace/key-writer.js';
import { type RespKeyspace } from './keyspace/resp-keyspace.js';
import { type RespAuth } from './resp-auth.js';
import { type RespCounters } from './resp-counters.js';
import { type RespSession } from './resp-session.js';

/** What the commands of all connections share. */
export interface RespDoorServices {
  readonly keyspace: RespKeyspace;
  readonly writer: KeyWriter;
  readonly remover: KeyRemover;
  readonly auth: RespAuth;
  readonly counters: RespCounters;
  readonly clock: Clock;
  facts(): RespDoorFacts;
  /** The connections of now. */
  sessions(): Iterable<RespSession>;
}

/** What INFO and CONFIG GET tell. */
export interface RespDoorFacts {
  readonly startedAtMs: number;
  readonly port: number;
  readonly maxConnections: number;
  readonly maxValueBytes: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  /** Name of the first tier's that has one; undefined = nothing is evicted. */
  readonly evictionPolicy: string | undefined;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}
