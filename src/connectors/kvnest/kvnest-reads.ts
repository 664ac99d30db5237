import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type IntakePlace } from '../intake/value-intake.js';
import { type CallOptions, type ExistsOptions, type FetchOutcome } from '../remote-connector.interface.js';
import { ChunksReply, disposeChunks } from './chunks-reply.js';
import { existsRequest, flagsOf, getRequest } from './kvnest-requests.js';
import { type KvnestServers } from './kvnest-servers.js';
import { askForKeys, type KeyPart } from './named-keys.js';

/** What one may ask of servers beyond the contract of connectors. */
export interface KvnestExistsOptions extends ExistsOptions {
  /** They keep what is there, until it is read or their time for that is up. */
  readonly lease?: boolean;
}

/** What changes nothing at the servers. */
export class KvnestReads {
  constructor(
    private readonly servers: KvnestServers,
    private readonly place: IntakePlace,
    private readonly localOnly: boolean,
  ) {}

  /** A question for no key: it goes no further than the server itself. One of several servers is enough. */
  async ping(options?: CallOptions): Promise<void> {
    const pings = this.servers.cluster.servers.map((server) =>
      this.#exists({ server, namespace: 0, keys: [] }, options),
    );
    const answers = await Promise.allSettled(pings);
    const failures = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason as Error] : [],
    );
    if (failures.length === pings.length) throw failures[0] as Error;
  }

  exists(keys: readonly ChunkKey[], options?: KvnestExistsOptions): Promise<readonly boolean[]> {
    return askForKeys(this.servers.cluster, keys, false, (part) =>
      this.#orMiss(part, false, () => this.#exists(part, options)),
    );
  }

  /** One failure fails all, and what was read is given back. */
  async fetch(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    const failures: unknown[] = [];
    const outcomes = await askForKeys<FetchOutcome>(this.servers.cluster, keys, 'miss', async (part) => {
      try {
        return await this.#orMiss<FetchOutcome>(part, 'miss', () => this.#fetch(part, options));
      } catch (error) {
        failures.push(error);
        return part.keys.map(() => 'miss');
      }
    });
    if (failures.length === 0) return outcomes;
    disposeChunks(outcomes);
    throw failures[0];
  }

  #exists(
    part: KeyPart,
    { signal, withMetadata = false, lease = false }: KvnestExistsOptions = {},
  ): Promise<readonly boolean[]> {
    const request = existsRequest(part, { withMetadata, lease, localOnly: this.localOnly });
    return this.servers.askHeader({ server: part.server, kind: 'control', request, signal }, flagsOf(part));
  }

  #fetch(part: KeyPart, { signal }: CallOptions = {}): Promise<FetchOutcome[]> {
    const keys = part.keys.map(({ key }) => key);
    const question = {
      server: part.server,
      kind: 'bulk',
      request: getRequest(part, this.localOnly),
      signal,
    } as const;
    return this.servers.ask(question, (settler) => new ChunksReply(this.place, keys, settler));
  }

  /** What lies on one of several servers that cannot be reached is not there. */
  async #orMiss<T>(
    { server, keys }: KeyPart,
    missed: T,
    ask: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    try {
      return await ask();
    } catch (error) {
      if (!this.servers.isOutage(server, error)) throw error;
      return keys.map(() => missed);
    }
  }
}
