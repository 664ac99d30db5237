import { type PeerAddress } from './peer-address.js';

/** Says where peers are. */
export interface PeerSource {
  /**
   * Begins to look for peers, and goes on until `stop`. What cannot be found out now is found out later.
   *
   * @param onPeers is told all of them, at first and whenever they may have changed.
   * @returns when it has told for the first time, or could not.
   */
  start(onPeers: (peers: readonly PeerAddress[]) => void): Promise<void>;
  /** Tells others of this server, where there is somebody to tell. */
  announce?(): void;
  /** Takes that back, so that nobody new comes. */
  withdraw?(): Promise<void>;
  /** Nothing is told after this. */
  stop(): Promise<void>;
}

export interface PeerLogger {
  log(message: string): void;
  warn(message: string): void;
}
