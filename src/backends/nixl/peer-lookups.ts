import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type LikelyPeers } from './likely-peers.js';
import { type PeerExistsOptions } from './peer-reader.interface.js';
import { type PeerGroup } from './peers/peer-group.js';
import { type Peer } from './peers/peer.js';

/** Asks peers what they have: all that may have it, at the same time, one question each. */
export class PeerLookups {
  constructor(
    private readonly peers: Pick<PeerGroup, 'promising'>,
    private readonly likely: LikelyPeers,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Settles when each key was found somewhere, or everybody has answered or had his time: a slow peer costs nothing where
   * others have it all.
   *
   * @returns for each key who has it, in the order in which they answered.
   */
  locate(keys: readonly ChunkKey[], options: PeerExistsOptions = {}): Promise<readonly (readonly Peer[])[]> {
    const found = keys.map((): Peer[] => []);
    const { promise, resolve } = Promise.withResolvers<readonly (readonly Peer[])[]>();
    let missing = keys.length;
    const asked = this.peers.promising.map(async (peer) => {
      const places = keys.flatMap((key, place) => (peer.mayHave(key) ? [place] : []));
      const flags = await this.#ask(peer, keys, places, options);
      for (const [index, place] of places.entries()) {
        if (flags?.[index] !== true) continue;
        const having = found[place] as Peer[];
        if (having.push(peer) === 1) missing--;
        this.likely.remember(keys[place] as ChunkKey, having);
      }
      if (missing === 0) resolve(found);
    });
    void Promise.all(asked).then(() => resolve(found));
    return promise;
  }

  async contains(keys: readonly ChunkKey[], options: PeerExistsOptions): Promise<readonly boolean[]> {
    const found = await this.locate(keys, options);
    return found.map(({ length }) => length > 0);
  }

  async #ask(
    peer: Peer,
    keys: readonly ChunkKey[],
    places: readonly number[],
    options: PeerExistsOptions,
  ): Promise<readonly boolean[] | undefined> {
    if (places.length === 0) return undefined;
    const some = places.length === keys.length ? keys : places.map((place) => keys[place] as ChunkKey);
    return peer.ask(
      'a lookup',
      this.timeoutMs,
      (reader, signal) => reader.existsMany(some, { ...options, signal }),
      () => undefined,
    );
  }
}
