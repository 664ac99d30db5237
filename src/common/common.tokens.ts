/** Injection token of the `Clock`. */
export const CLOCK = Symbol.for('kvnest:Clock');

/** Injection token of the name of this start of this server, a UUID. */
export const BOOT_ID = Symbol.for('kvnest:BootId');

/** What lets peers read this server's memory (`PeerAgentSource`), where a tier uses NIXL. */
export const PEER_AGENT = Symbol.for('kvnest:PeerAgent');
