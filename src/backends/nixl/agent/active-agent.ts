import { nixlClosed, nixlPeerRefused, nixlUnavailable } from '../nixl-errors.js';
import { tcpSegments } from '../tcp-segments.js';
import { nixlVersionOf } from '../library/library-version.js';
import {
  type NativeEventListener,
  NativeEvent,
  type NativeNixlAgent,
  type NativeNixlAgentClass,
  NativeOutcome,
} from '../../../arena/native/native-nixl.types.js';
import {
  type NixlAgent,
  type NixlHealth,
  type NixlOutcome,
  type NixlRead,
  type NixlReadResult,
} from './nixl-agent.interface.js';
import { PeerNames } from './peer-names.js';
import { PendingReads, readWith, readWithout } from './pending-reads.js';
import { hangingCall } from './agent-status.js';
import { readOrderOf } from './read-order.js';
import { within } from './within.js';

/** Room for the headers of 32768 chunks on their way. */
const SCRATCH_BYTES = 4 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 5000;

const OUTCOMES: Readonly<Record<NativeOutcome, NixlOutcome>> = {
  [NativeOutcome.Done]: 'done',
  [NativeOutcome.Gone]: 'gone',
  [NativeOutcome.Failed]: 'failed',
  [NativeOutcome.Busy]: 'busy',
  [NativeOutcome.Aborted]: 'aborted',
};

export interface AgentLimits {
  /** Reads at a time, those in quarantine included. */
  readonly maxReads: number;
  /** Read from one peer at a time; the rest waits, and can be taken back. A larger read goes alone. */
  readonly maxPostedBytes: number;
  /** A peer with more bytes in quarantine is dropped. */
  readonly maxQuarantinedBytes: number;
  readonly addPeerTimeoutMs: number;
}

export interface ActiveAgentOptions extends AgentLimits {
  readonly name: string;
  readonly region: ArrayBuffer;
  readonly libraries: readonly string[];
}

type Reply = PromiseWithResolvers<string>;

/**
 * The agent in front of the addon's thread: promises for its events, deadlines, and what is in quarantine. The timers of
 * the deadlines keep the process alive while somebody waits, and nothing else does.
 */
export class ActiveNixlAgent implements NixlAgent {
  readonly name: string;
  /** As the library will read them. */
  readonly tcpSegments = tcpSegments();
  version = 'unknown';
  metadata: Buffer = Buffer.alloc(0);
  readonly #native: NativeNixlAgent;
  readonly #options: ActiveAgentOptions;
  readonly #regionBytes: number;
  readonly #reads = new PendingReads();
  readonly #peers = new PeerNames();
  readonly #loads = new Map<number, Reply>();
  readonly #started = Promise.withResolvers<undefined>();
  readonly #ended = Promise.withResolvers<undefined>();
  #lastLoad = 0;
  #state: 'starting' | 'up' | 'closed' = 'starting';
  #closing: Promise<void> | undefined;
  #error: string | undefined;

  constructor(nativeClass: NativeNixlAgentClass, options: ActiveAgentOptions) {
    const { name, region, libraries, maxPostedBytes } = options;
    this.name = name;
    this.#options = options;
    this.#regionBytes = region.byteLength;
    this.#native = new nativeClass(name, region, libraries, SCRATCH_BYTES, maxPostedBytes, this.#onEvent);
  }

  get regionAddress(): bigint {
    return this.#native.regionAddress;
  }

  /** @throws KV_NIXL_UNAVAILABLE; what hangs is left behind. */
  async start(timeoutMs: number): Promise<void> {
    try {
      await within(this.#started.promise, timeoutMs, () =>
        nixlUnavailable(`${this.#native.runningCall || 'the library'} has not returned for ${timeoutMs} ms`),
      );
    } catch (error) {
      this.#state = 'closed';
      this.#native.close();
      throw error;
    }
  }

  async addPeer(metadata: Uint8Array): Promise<string> {
    this.#assertUp();
    return await this.#peers.join(metadata, () => this.#load(metadata));
  }

  removePeer(name: string): Promise<void> {
    this.#drop(name);
    return Promise.resolve();
  }

  async read(request: NixlRead): Promise<NixlReadResult> {
    this.#assertUp();
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) return this.#refused(...refusal);
    const order = readOrderOf(request, this.#regionBytes);
    if (typeof order === 'string') return this.#refused('failed', order);
    const { memoryType, blocks, headers, groups } = order;
    const submit = (id: number): void =>
      this.#native.read(id, request.peer, memoryType, blocks, headers, groups);
    return await this.#reads.add(request, submit, this.#giveUp);
  }

  health(): NixlHealth {
    const hanging = hangingCall(this.#native);
    const error = hanging ?? this.#error;
    return {
      up: this.#state === 'up' && hanging === undefined,
      ...(error !== undefined && { error }),
      peers: this.#peers.names,
      inFlight: this.#reads.inFlight,
      quarantined: this.#reads.quarantined,
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#native.close();
    const hangs = Symbol('hangs');
    const ended = await within(this.#ended.promise, CLOSE_TIMEOUT_MS, () => hangs).catch(() => hangs);
    if (ended === hangs) this.#end({ written: true });
  }

  async #load(metadata: Uint8Array): Promise<string> {
    const { addPeerTimeoutMs } = this.#options;
    const id = ++this.#lastLoad;
    const reply = Promise.withResolvers<string>();
    this.#loads.set(id, reply);
    this.#native.addPeer(id, metadata);
    try {
      return await within(reply.promise, addPeerTimeoutMs, () =>
        nixlPeerRefused(`no answer within ${addPeerTimeoutMs} ms`),
      );
    } finally {
      this.#loads.delete(id);
    }
  }

  #drop(name: string): void {
    if (!this.#peers.has(name)) return;
    this.#peers.forget(name);
    this.#native.removePeer(name);
  }

  #refusalOf({ peer, signal }: NixlRead): [NixlOutcome, string] | undefined {
    if (signal?.aborted) return ['aborted', 'aborted before it began'];
    if (!this.#peers.has(peer)) return ['gone', 'no such peer'];
    const hanging = hangingCall(this.#native);
    if (hanging !== undefined) return ['busy', hanging];
    return this.#reads.count < this.#options.maxReads ? undefined : ['busy', 'too many transfers'];
  }

  #refused(outcome: NixlOutcome, reason: string): NixlReadResult {
    return { ...readWithout(outcome, reason), settled: Promise.resolve() };
  }

  readonly #giveUp = (id: number, peer: string): void => {
    this.#native.abandon(id);
    if (this.#reads.quarantinedBytes(peer) > this.#options.maxQuarantinedBytes) {
      this.#error = `peer ${peer} was dropped: it leaves too many reads hanging`;
      this.#drop(peer);
    }
  };

  readonly #onEvent: NativeEventListener = (kind, id, outcome, text, bytes, checksums) => {
    switch (kind) {
      case NativeEvent.Started:
        this.#onStarted(text, bytes);
        break;
      case NativeEvent.NotStarted:
        this.#started.reject(nixlUnavailable('no library can be used', text.split('\n')));
        break;
      case NativeEvent.PeerAdded:
        this.#loads.get(id)?.resolve(text);
        break;
      case NativeEvent.PeerRefused:
        this.#loads.get(id)?.reject(nixlPeerRefused(text));
        break;
      case NativeEvent.PeerGone:
        this.#peers.forget(text);
        break;
      case NativeEvent.ReadEnded:
        this.#reads.end(
          id,
          outcome === NativeOutcome.Done ? readWith(bytes, checksums) : readWithout(OUTCOMES[outcome], text),
        );
        break;
      case NativeEvent.Closed:
        this.#end({ written: false });
    }
  };

  #onStarted(library: string, metadata: Buffer = this.metadata): void {
    this.#state = this.#state === 'starting' ? 'up' : this.#state;
    this.version = nixlVersionOf(library);
    this.metadata = metadata;
    this.#started.resolve(undefined);
  }

  #end(options: { written: boolean }): void {
    this.#reads.endAll('aborted', options);
    for (const { reject } of this.#loads.values()) reject(nixlClosed());
    this.#ended.resolve(undefined);
  }

  #assertUp(): void {
    if (this.#state !== 'up') throw nixlClosed();
  }
}
