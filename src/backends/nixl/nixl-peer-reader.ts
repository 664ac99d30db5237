import { isKvError } from '../../common/errors/kv-error.js';
import { RECORD_BYTES } from '../../arena/record-table.js';
import { type ClientSettings } from '../../client/options/client-settings.js';
import { ConnectorLifecycle } from '../../connectors/connector-lifecycle.js';
import {
  remoteAborted,
  remoteClosed,
  remoteProtocol,
  remoteTimeout,
} from '../../connectors/connector-errors.js';
import { type IntakePlace } from '../../connectors/intake/value-intake.js';
import { KvnestReads } from '../../connectors/kvnest/kvnest-reads.js';
import { KvnestServers } from '../../connectors/kvnest/kvnest-servers.js';
import { type CallOptions, type FetchOutcome } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type LocateOutcome } from '../../protocols/kvnest-tcp/locate.js';
import { type PeerHello, type PeerNixl } from '../../protocols/kvnest-tcp/peer-hello.js';
import { type NixlAgent, type NixlReadResult } from './agent/nixl-agent.interface.js';
import { KeySummary } from './key-summary.js';
import { nixlPeerGone, nixlPeerRefused, nixlReadFailed } from './nixl-errors.js';
import { PeerCalls } from './peer-calls.js';
import { type PeerExistsOptions, type PeerIdentity, type PeerReader } from './peer-reader.interface.js';
import { whySegmentsDoNotFit } from './tcp-segments.js';
import { ReadPlan } from './read/read-plan.js';

export interface NixlPeerReaderOptions {
  readonly label: string;
  readonly place: IntakePlace;
  /** Of one server. */
  readonly settings: ClientSettings;
  /** Over the region of the arena that `place` is in. */
  readonly agent: NixlAgent;
  /** Of a transfer. */
  readonly transferTimeoutMs: number;
  /** Why this peer is better not read from over NIXL; undefined: no reason. Absent: it always is. */
  readonly objection?: (peer: PeerNixl) => string | undefined;
}

/** What a lease lasts longer than a transfer may: the answer that tells of it takes its time, too. */
const LEASE_MARGIN_MS = 1_000;

/** A peer whose memory can be read, since its last hello. */
interface ReadablePeer extends PeerNixl {
  readonly bootId: string;
}

/**
 * Reads chunks straight from the memory of a peer: it is asked where they lie and holds them there, NIXL reads them into
 * the arena, and the peer is told that it may let go.
 */
export class NixlPeerReader implements PeerReader {
  readonly transport = 'nixl';
  readonly label: string;
  readonly summary: KeySummary;
  readonly #options: NixlPeerReaderOptions;
  readonly #reads: KvnestReads;
  readonly #calls: PeerCalls;
  readonly #lifecycle: ConnectorLifecycle;
  #peer: ReadablePeer | undefined;
  /** Leases on their way back. */
  readonly #releases = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: NixlPeerReaderOptions) {
    const { label, place, settings } = options;
    this.label = label;
    this.#options = options;
    const servers = new KvnestServers(label, settings);
    this.#reads = new KvnestReads(servers, place, true);
    const calls = new PeerCalls(servers);
    this.#calls = calls;
    this.summary = new KeySummary({
      get announces() {
        return calls.announces;
      },
      ask: (question, call) => this.#lifecycle.run(() => calls.summary(question, call)),
    });
    this.#lifecycle = new ConnectorLifecycle({
      label,
      open: (call) => servers.open(call?.signal),
      shut: () => servers.close(),
    });
  }

  async connect(options?: CallOptions): Promise<PeerIdentity> {
    if (this.#isClosed) throw remoteClosed(this.label);
    await this.#lifecycle.connect(options);
    return this.#lifecycle.run(async () => {
      const { bootId, server, nixl, nixlReason = 'it does not say why' } = await this.#hello(options);
      const objection = nixl === undefined ? nixlReason : this.#objectionTo(nixl);
      if (nixl === undefined || objection !== undefined) throw nixlPeerRefused(objection ?? nixlReason);
      await this.#shakeHands({ ...nixl, bootId });
      return { bootId, server };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#releases);
    await this.#lifecycle.close();
    await this.#forget(this.#peer);
  }

  async describe(options?: CallOptions): Promise<string> {
    const { server } = await this.connect(options);
    return `${server}, over NIXL ${this.#peer?.version ?? ''}`;
  }

  existsMany(keys: readonly ChunkKey[], options?: PeerExistsOptions): Promise<readonly boolean[]> {
    return this.#lifecycle.run(() => this.#reads.exists(keys, options));
  }

  getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    return this.#lifecycle.run(async () => {
      const peer = this.#peer;
      if (peer === undefined) throw nixlPeerGone(this.label, 'it was not reached yet');
      const leaseMs = this.#options.transferTimeoutMs + LEASE_MARGIN_MS;
      const { outcomes, leases } = await this.#calls.locate(keys, leaseMs, options);
      try {
        return await this.#read(peer, this.#plan(keys, outcomes, peer), options);
      } finally {
        const released = this.#release(leases);
        if (this.#isClosed) await released;
      }
    });
  }

  #objectionTo(peer: PeerNixl): string | undefined {
    const { objection, agent } = this.#options;
    return objection?.(peer) ?? whySegmentsDoNotFit(peer, agent.tcpSegments);
  }

  /** One that speaks another version of this can be read from over TCP all the same. */
  async #hello(options?: CallOptions): Promise<PeerHello> {
    try {
      return await this.#calls.hello(options);
    } catch (error) {
      if (isKvError(error) && isKvError(error.cause, 'KV_PEER_VERSION'))
        throw nixlPeerRefused(error.cause.message);
      throw error;
    }
  }

  /** What the peer does not hear of ends there by itself. */
  #release(leases: readonly string[]): Promise<unknown> {
    const released = this.#calls.release(leases);
    this.#releases.add(released);
    return released.finally(() => this.#releases.delete(released));
  }

  #plan(keys: readonly ChunkKey[], located: readonly LocateOutcome[], { arena }: ReadablePeer): ReadPlan {
    try {
      return new ReadPlan(keys, located, this.#options.place.space, arena);
    } catch (error) {
      throw remoteProtocol(this.label, (error as Error).message);
    }
  }

  async #read(
    peer: ReadablePeer,
    plan: ReadPlan,
    { signal }: CallOptions = {},
  ): Promise<readonly FetchOutcome[]> {
    if (plan.isEmpty) return plan.outcomesWithoutBytes;
    const { agent, transferTimeoutMs: timeoutMs } = this.#options;
    const { blocks, headers, groups } = plan;
    let result: NixlReadResult;
    try {
      const request = { peer: peer.agent, blocks, headers, groups, timeoutMs };
      result = await agent.read({ ...request, ...(signal && { signal }) });
    } catch (error) {
      plan.giveBack();
      throw error;
    }
    if (result.outcome === 'done') return plan.seal(result);
    // The library may write there still.
    void result.settled.then(() => plan.giveBack());
    return this.#notDone(peer, plan, result);
  }

  #notDone(
    peer: ReadablePeer,
    plan: ReadPlan,
    { outcome, reason = outcome }: NixlReadResult,
  ): readonly FetchOutcome[] {
    switch (outcome) {
      case 'busy':
        return plan.outcomesWithoutBytes;
      case 'timeout':
        throw remoteTimeout(this.label, 'a read over NIXL', this.#options.transferTimeoutMs);
      case 'aborted':
        throw remoteAborted(this.label);
      case 'gone':
        if (this.#peer === peer) this.#peer = undefined;
        throw nixlPeerGone(this.label, reason);
      default:
        throw nixlReadFailed(this.label, reason);
    }
  }

  /** Of the same start of the same server, it is known already. */
  async #shakeHands(found: ReadablePeer): Promise<void> {
    const { agent } = this.#options;
    const known = this.#peer;
    if (known?.agent === found.agent && agent.health().peers.includes(found.agent)) return;
    if (found.arena.recordBytes !== RECORD_BYTES)
      throw nixlPeerRefused(`records of ${found.arena.recordBytes} bytes`);
    if (known !== undefined && known.agent !== found.agent) await this.#forget(known);
    const name = await agent.addPeer(found.metadata);
    if (name !== found.agent) {
      await agent.removePeer(name);
      throw nixlPeerRefused(`its agent is ${name}, and not ${found.agent} as it said`);
    }
    this.#peer = found;
  }

  async #forget(peer: ReadablePeer | undefined): Promise<void> {
    if (peer === undefined) return;
    if (this.#peer === peer) this.#peer = undefined;
    await this.#options.agent.removePeer(peer.agent).catch(() => undefined);
  }
}
