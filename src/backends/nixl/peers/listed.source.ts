import { type PeerAddress } from './peer-address.js';
import { type PeerSource } from './peer-source.interface.js';

/** Peers that the configuration names. */
export class ListedSource implements PeerSource {
  constructor(private readonly peers: readonly PeerAddress[]) {}

  start(onPeers: (peers: readonly PeerAddress[]) => void): Promise<void> {
    onPeers(this.peers);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
