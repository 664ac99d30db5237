import { type ServerHello } from '../../client/wire/hello.js';
import { makeJsonRequest, makeRequest, type WireRequest } from '../../client/wire/request.js';
import { type KvnestServers } from '../../connectors/kvnest/kvnest-servers.js';
import { askForKeys, type KeyPart } from '../../connectors/kvnest/named-keys.js';
import { type CallOptions } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { frameError } from '../../protocols/kvnest-tcp/frame.js';
import { keyListBytes, writeKeyList } from '../../protocols/kvnest-tcp/key-list.js';
import {
  encodeLeases,
  type LocateAnswer,
  type LocateOutcome,
  NO_LEASE,
  readLocateAnswer,
} from '../../protocols/kvnest-tcp/locate.js';
import { type Pattern, PATTERNS } from '../../protocols/kvnest-tcp/patterns.js';
import {
  PEER_HELLO,
  PEER_VERSION,
  type PeerHello,
  readPeerHello,
} from '../../protocols/kvnest-tcp/peer-hello.js';
import {
  encodeSummaryQuestion,
  readSummaryAnswer,
  type SummaryAnswer,
  type SummaryQuestion,
} from '../../protocols/kvnest-tcp/summary.js';

/** Chunks of a peer that are held there. */
export interface Located {
  /** In the order of the keys. */
  readonly outcomes: readonly LocateOutcome[];
  readonly leases: readonly string[];
}

/** What a peer is asked for beside keys and bytes, over its TCP microservice. All throw KV_REMOTE_…. */
export class PeerCalls {
  /** @param servers one, which is open. */
  constructor(private readonly servers: KvnestServers) {}

  hello({ signal }: CallOptions = {}): Promise<PeerHello> {
    const request = makeJsonRequest(
      { pattern: PATTERNS.NAMED, isIdempotent: true },
      { pattern: PEER_HELLO, data: { version: PEER_VERSION } },
    );
    return this.#ask(request, valueReader(), signal);
  }

  /** Where they fail of whom one part was answered, what was leased ends by itself. */
  async locate(keys: readonly ChunkKey[], leaseMs: number, { signal }: CallOptions = {}): Promise<Located> {
    const leases: string[] = [];
    const outcomes = await askForKeys<LocateOutcome>(this.servers.cluster, keys, 'miss', async (part) => {
      const answer = await this.#ask(locateRequest(part, leaseMs), answerReader(part), signal);
      if (answer.lease !== NO_LEASE) leases.push(answer.lease);
      return answer.outcomes;
    });
    return { outcomes, leases };
  }

  /** Resolves when the peer has them back, or cannot be told: they end by themselves then. */
  async release(leases: readonly string[]): Promise<void> {
    if (leases.length === 0) return;
    try {
      await this.#ask(bytesRequest(PATTERNS.RELEASE, encodeLeases(leases)), () => undefined, undefined);
    } catch {
      // Nothing is lost but time.
    }
  }

  /** Whether a question for a summary may wait there. */
  get announces(): boolean {
    return this.#server.hello?.capabilities.includes('announce') === true;
  }

  /** `none` of a server that knows no summaries. One that waits and loses its connection fails, so that it is known. */
  async summary(question: SummaryQuestion, { signal }: CallOptions = {}): Promise<SummaryAnswer> {
    if (this.#server.hello?.capabilities.includes('summary') === false) return { kind: 'none' };
    const isIdempotent = question.waitMs === 0;
    const request = bytesRequest(PATTERNS.SUMMARY, encodeSummaryQuestion(question), isIdempotent);
    return this.#ask(request, readSummaryAnswer, signal);
  }

  get #server(): KeyPart['server'] {
    return this.servers.cluster.servers[0] as KeyPart['server'];
  }

  #ask<T>(
    request: WireRequest,
    decode: (header: Buffer, hello: ServerHello) => T,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return this.servers.askHeader({ server: this.#server, kind: 'control', request, signal }, decode);
  }
}

function locateRequest({ namespace, keys }: KeyPart, leaseMs: number): WireRequest {
  const names = keys.map(({ name }) => name);
  const parts = { pattern: PATTERNS.LOCATE, isIdempotent: true };
  return makeRequest(parts, keyListBytes(names), (frame, offset) => {
    writeKeyList(frame, offset, { namespace, option: leaseMs, keys: names });
  });
}

function bytesRequest(pattern: Pattern, header: Buffer, isIdempotent = true): WireRequest {
  return makeRequest({ pattern, isIdempotent }, header.length, (frame, offset) => frame.set(header, offset));
}

function answerReader({ keys }: KeyPart): (header: Buffer) => LocateAnswer {
  return (header) => {
    // A copy, because metadata is a view of it.
    const answer = readLocateAnswer(Buffer.from(header));
    if (answer.outcomes.length === keys.length) return answer;
    throw frameError(`${answer.outcomes.length} places for ${keys.length} keys`);
  };
}

/** An answer of one value may end with an empty frame. */
function valueReader(): (header: Buffer) => PeerHello {
  let hello: PeerHello | undefined;
  return (header) => {
    if (header.length > 0) hello = readPeerHello((JSON.parse(header.toString()) as { data?: unknown }).data);
    if (hello === undefined) throw frameError('the hello of a peer that is none');
    return hello;
  };
}
