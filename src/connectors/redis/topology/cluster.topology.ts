import { RespErrorReply } from '../../../protocols/resp/resp-reply.interface.js';
import { remoteRefused, remoteUnreachable } from '../../connector-errors.js';
import { addressKey, type RespAddress } from '../../resp-client/resp-address.js';
import { respError } from '../../resp-client/resp-errors.js';
import { askOnce, openServer } from '../redis-server-calls.js';
import { type RedisSettings } from '../redis-settings.js';
import { firstSuccess } from './first-success.js';
import { keySlot } from './key-slot.js';
import { PacedLookup } from './paced-lookup.js';
import { type RedisTopology } from './redis-topology.interface.js';
import { SlotMap } from './slot-map.js';

const PATIENCE_MS = 250;

/**
 * The servers of a Redis Cluster. Any of them tells who has which slot; each time another one is asked first, so that
 * one whose news are old misleads only once. Those of the URL serve again when all others are gone.
 */
export class ClusterTopology implements RedisTopology {
  readonly redirects = true;
  #map: SlotMap | undefined;
  #lookup: PacedLookup | undefined;
  #turn = 0;

  constructor(private readonly settings: RedisSettings) {}

  async open(signal?: AbortSignal): Promise<void> {
    await this.#look(signal);
    this.#lookup = new PacedLookup((stop) => this.#look(stop));
  }

  close(): Promise<void> {
    this.#lookup?.close();
    this.#lookup = undefined;
    this.#map = undefined;
    return Promise.resolve();
  }

  serverOf(key: Buffer): RespAddress {
    const slot = keySlot(key);
    const owner = this.#map?.ownerOf(slot);
    if (owner !== undefined) return owner;
    this.refresh().catch(() => undefined);
    throw remoteUnreachable(this.settings.label, new Error(`no server has slot ${slot}`));
  }

  servers(): readonly RespAddress[] {
    return this.#map?.masters ?? [];
  }

  refresh(): Promise<void> {
    return this.#lookup?.run() ?? Promise.resolve();
  }

  async #look(signal: AbortSignal | undefined): Promise<void> {
    const ask = (address: RespAddress, stop: AbortSignal): Promise<SlotMap> => this.#ask(address, stop);
    this.#map = await firstSuccess(this.#candidates(), ask, { patienceMs: PATIENCE_MS, signal });
  }

  async #ask(address: RespAddress, signal: AbortSignal): Promise<SlotMap> {
    const { label } = this.settings;
    const opening = openServer(this.settings, address, signal);
    const reply = await askOnce(opening, this.settings, ['CLUSTER', 'SLOTS'], signal);
    if (reply instanceof RespErrorReply) {
      const isNoCluster = reply.message.includes('cluster support disabled');
      throw isNoCluster ? remoteRefused(label, reply.message) : respError(label, reply);
    }
    const map = SlotMap.parse(reply, address);
    if (map === undefined)
      throw remoteUnreachable(label, new Error(`${addressKey(address)} knows of no server that holds keys`));
    return map;
  }

  /** Servers of the cluster, beginning with another one each time, then those of the URL. */
  #candidates(): readonly [RespAddress, ...RespAddress[]] {
    const { addresses } = this.settings;
    const known = this.#map?.nodes ?? [];
    const start = this.#turn++ % Math.max(1, known.length);
    const [first = addresses[0], ...others] = [...known.slice(start), ...known.slice(0, start)];
    return [first, ...others, ...addresses.filter((address) => address !== first)];
  }
}
