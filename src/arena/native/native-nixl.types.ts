/** Of the events of `NativeNixlAgent`: the mirror of `Event::Kind` in native/src/nixl/transfer.h. */
export const enum NativeEvent {
  /** `text`: path of the library; `bytes`: the metadata. */
  Started = 0,
  /** `text`: why, one line for each library that was tried. The last event. */
  NotStarted = 1,
  /** `id` of `addPeer`; `text`: name of the peer's agent. */
  PeerAdded = 2,
  /** `id` of `addPeer`; `text`: why. */
  PeerRefused = 3,
  /** `text`: name of a peer that takes no more reads. */
  PeerGone = 4,
  /** `id` of `read`, exactly one for each: the library writes no more. */
  ReadEnded = 5,
  /** The last event. */
  Closed = 6,
}

/** Of `ReadEnded`: the mirror of `Outcome` in native/src/nixl/transfer.h. */
export const enum NativeOutcome {
  Done = 0,
  Gone = 1,
  Failed = 2,
  Busy = 3,
  /** Taken back before it was posted. */
  Aborted = 4,
}

/** `bytes` and `checksums` are absent where there are none. */
export type NativeEventListener = (
  kind: NativeEvent,
  id: number,
  outcome: NativeOutcome,
  text: string,
  bytes?: Buffer,
  checksums?: Uint32Array,
) => void;

/**
 * The mirror of native/src/nixl/agent_object.cc. Starts a thread that loads the first of `libraries` that can be used
 * and makes an agent over the region, which stays mapped until the agent has let go of it.
 *
 * @param maxPostedBytes of one peer, at a time; a larger read is posted alone. At most 2^53.
 * @param onEvent must not throw.
 * @param plugin absent: UCX, for peers. Else one for files.
 */
export type NativeNixlAgentClass = new (
  name: string,
  region: ArrayBuffer,
  libraries: readonly string[],
  scratchBytes: number,
  maxPostedBytes: number,
  onEvent: NativeEventListener,
  plugin?: string,
) => NativeNixlAgent;

/** Arguments are not checked. What comes after the last event is ignored. */
export interface NativeNixlAgent {
  readonly regionAddress: bigint;
  addPeer(id: number, metadata: Uint8Array): void;
  /** It takes no more reads, and is forgotten when those that were posted have ended. */
  removePeer(name: string): void;
  /**
   * @param memoryType 0 = dram, 1 = vram
   * @param blocks four numbers each: local offset, remote address, length, device
   * @param headers addresses of records of 128 bytes
   * @param groups for each checksum, the index behind its last block
   */
  read(
    id: number,
    peer: string,
    memoryType: number,
    blocks: BigUint64Array,
    headers: BigUint64Array,
    groups: Uint32Array,
  ): void;
  /**
   * Of an agent for files. Ends as a read does; a checksum over all blocks unless it writes.
   * @param blocks as of `read`, with offsets in the file for addresses, in order, and its descriptor for the device.
   */
  transferFile(id: number, agent: string, isWrite: boolean, blocks: BigUint64Array): void;
  /** Nobody waits for this read any more: taken back when it is not posted yet, else left alone until it ends. */
  abandon(id: number): void;
  /** Waits half a second for what is on its way, and sends `Closed`. */
  close(): void;
  /** Whether the process stays alive for events. At first not. */
  keepAlive(alive: boolean): void;
  /** How long the call of the library that runs now has been running; 0 = none. */
  readonly runningMs: number;
  /** Its name, or the empty string. */
  readonly runningCall: string;
}
