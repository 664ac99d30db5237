import { type TcpSegments } from '../../protocols/kvnest-tcp/peer-hello.js';

/** What reads memory of other processes, and lets them read this one's: NIXL's agent. */
export interface PeerAgent {
  /** Names this start of this process. */
  readonly name: string;
  /** Of the library: that of its Python package, or `unknown`. */
  readonly version: string;
  /** Where the arena's region begins in the address space of this process. */
  readonly regionAddress: bigint;
  /** What a peer must know to read from here. Only for those that may read and write the whole region. */
  readonly metadata: Uint8Array;
  /** Of its UCX. */
  readonly tcpSegments?: TcpSegments;
}

/** The agent of this server, once there is one. */
export interface PeerAgentSource {
  /** @returns undefined where there is none; `reason` says why. */
  agent(): PeerAgent | undefined;
  readonly reason?: string | undefined;
}
