import { setTimeout as delay } from 'node:timers/promises';
import { crc32c } from '../../../src/common/crc32c.js';
import {
  NIXL_HEADER_BYTES,
  type NixlAgent,
  type NixlHealth,
  type NixlRead,
  type NixlReadResult,
} from '../../../src/backends/nixl/agent/nixl-agent.interface.js';
import { nixlPeerRefused } from '../../../src/backends/nixl/nixl-errors.js';

/** What a double does with the reads that come. */
export type DoubleBehaviour =
  'copies' | 'hangs' | 'lies' | 'lies-in-records' | 'loses-peers' | 'fails' | 'is-busy';

const agents = new Map<string, DoubleAgent>();
let lastName = 0;

/**
 * A test double of NIXL's agent: it copies between regions of this process, and lies, hangs and fails when told to. The
 * real one cannot be made to.
 */
export class DoubleAgent implements NixlAgent {
  readonly version = 'double';
  readonly name: string;
  readonly regionAddress: bigint;
  readonly metadata: Buffer;
  readonly reads: NixlRead[] = [];
  behaviour: DoubleBehaviour = 'copies';
  /** Called when the bytes of a read are about to be copied. */
  onRead: (() => unknown) | undefined;
  readonly #region: Buffer;
  readonly #peers = new Set<string>();
  readonly #hanging: (() => void)[] = [];

  constructor(region: ArrayBuffer) {
    const number = ++lastName;
    this.name = `double-${number}`;
    this.regionAddress = BigInt(number) << 40n;
    this.metadata = Buffer.from(this.name);
    this.#region = Buffer.from(region);
    agents.set(this.name, this);
  }

  addPeer(metadata: Uint8Array): Promise<string> {
    const name = Buffer.from(metadata).toString();
    if (!agents.has(name)) return Promise.reject(nixlPeerRefused('no such agent'));
    this.#peers.add(name);
    return Promise.resolve(name);
  }

  removePeer(name: string): Promise<void> {
    this.#peers.delete(name);
    return Promise.resolve();
  }

  async read(request: NixlRead): Promise<NixlReadResult> {
    this.reads.push(request);
    const peer = agents.get(request.peer);
    if (peer === undefined || !this.#peers.has(request.peer)) return without('gone', 'no such peer');
    if (request.signal?.aborted === true) return without('aborted');
    switch (this.behaviour) {
      case 'fails':
        return without('failed', 'told to');
      case 'is-busy':
        return without('busy');
      case 'loses-peers':
        this.#peers.delete(request.peer);
        return without('gone', 'told to');
      case 'hangs':
        return this.#hang(request, peer);
      default:
        await this.onRead?.();
        return this.#copy(request, peer);
    }
  }

  /** Lets the reads end that hang: their bytes arrive now, though nobody waits for them. */
  letArrive(): void {
    this.#hanging.splice(0).forEach((arrive) => arrive());
  }

  health(): NixlHealth {
    const none = { transfers: 0, bytes: 0 };
    return { up: true, peers: [...this.#peers], inFlight: none, quarantined: none };
  }

  close(): Promise<void> {
    this.letArrive();
    agents.delete(this.name);
    return Promise.resolve();
  }

  async #hang(request: NixlRead, peer: DoubleAgent): Promise<NixlReadResult> {
    const settled = new Promise<void>((resolve) => {
      this.#hanging.push(() => {
        this.#copy(request, peer);
        resolve();
      });
    });
    const { signal, timeoutMs } = request;
    const outcome = await delay(timeoutMs, 'timeout' as const, { ...(signal && { signal }) }).catch(
      () => 'aborted' as const,
    );
    return { ...without(outcome), settled };
  }

  #copy({ blocks, headers = [], groups = [] }: NixlRead, peer: DoubleAgent): NixlReadResult {
    for (const { localOffset, remoteAddress, lengthBytes } of blocks) {
      const from = Number(remoteAddress - peer.regionAddress);
      peer.#region.copy(this.#region, localOffset, from, from + lengthBytes);
    }
    const records = Buffer.concat(
      headers.map((address) => {
        const at = Number(address - peer.regionAddress);
        return peer.#region.subarray(at, at + NIXL_HEADER_BYTES);
      }),
    );
    const [first] = blocks;
    if (this.behaviour === 'lies' && first !== undefined) this.#region[first.localOffset]! ^= 1;
    if (this.behaviour === 'lies-in-records') records[0]! ^= 1;
    let block = 0;
    const checksums = groups.map((end) => {
      let checksum = 0;
      for (; block < end; block++) {
        const { localOffset, lengthBytes } = blocks[block]!;
        checksum = crc32c(this.#region.subarray(localOffset, localOffset + lengthBytes), checksum);
      }
      return checksum;
    });
    return {
      outcome: 'done',
      checksums: Uint32Array.from(checksums),
      headers: records,
      settled: Promise.resolve(),
    };
  }
}

function without(outcome: NixlReadResult['outcome'], reason?: string): NixlReadResult {
  return {
    outcome,
    ...(reason !== undefined && { reason }),
    checksums: new Uint32Array(0),
    headers: Buffer.alloc(0),
    settled: Promise.resolve(),
  };
}
