import { lookup } from 'node:dns/promises';
import { type PeerAddress } from './peer-address.js';
import { reasonOf } from './reason-of.js';
import { type PeerLogger, type PeerSource } from './peer-source.interface.js';

export interface DnsSourceOptions {
  /** What logs call the tier. */
  readonly what: string;
  readonly host: string;
  readonly everyMs: number;
  /** Makes the address of a peer from one of the name's. */
  readonly addressOf: (ip: string) => PeerAddress;
  readonly logger: PeerLogger;
  /** Default: as the system resolves names. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** All addresses of one name, such as a headless service of Kubernetes. While it cannot be resolved, the last ones stay. */
export class DnsSource implements PeerSource {
  readonly #options: DnsSourceOptions;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #isToldFailing = false;
  #latest = '';

  constructor(options: DnsSourceOptions) {
    this.#options = options;
  }

  async start(onPeers: (peers: readonly PeerAddress[]) => void): Promise<void> {
    this.#isStopped = false;
    this.#latest = '';
    await this.#look(onPeers);
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    return Promise.resolve();
  }

  async #look(onPeers: (peers: readonly PeerAddress[]) => void): Promise<void> {
    const { host, addressOf, everyMs, resolve = lookUpAll } = this.#options;
    try {
      const ips = [...new Set(await resolve(host))].sort();
      this.#tell(undefined);
      if (!this.#isStopped && ips.join() !== this.#latest) {
        this.#latest = ips.join();
        onPeers(ips.map(addressOf));
      }
    } catch (error) {
      this.#tell(error);
    }
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#look(onPeers), everyMs).unref();
  }

  /** One line when it begins to fail, one when that ends. */
  #tell(error: unknown): void {
    const { what, host, logger } = this.#options;
    if ((error !== undefined) === this.#isToldFailing || this.#isStopped) return;
    this.#isToldFailing = error !== undefined;
    if (error === undefined) logger.log(`${what}: ${host} is resolved again`);
    else logger.warn(`${what}: ${host} cannot be resolved, its peers stay as they are: ${reasonOf(error)}`);
  }
}

async function lookUpAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
