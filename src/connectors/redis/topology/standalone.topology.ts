import { type RespAddress } from '../../resp-client/resp-address.js';
import { type RedisTopology } from './redis-topology.interface.js';

/** One server that has all keys: there is nothing to find, and the connections tell whether it is there. */
export class StandaloneTopology implements RedisTopology {
  readonly redirects = false;

  constructor(private readonly address: RespAddress) {}

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  serverOf(): RespAddress {
    return this.address;
  }

  servers(): readonly RespAddress[] {
    return [this.address];
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }
}
