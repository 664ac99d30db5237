import { isKvError } from '../../common/errors/kv-error.js';
import { type CallOptions, type FetchOutcome } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import {
  type PeerExistsOptions,
  type PeerIdentity,
  type PeerReader,
  type PeerSummary,
  type PeerTransport,
} from './peer-reader.interface.js';

export interface AutoPeerReaderOptions {
  readonly nixl: PeerReader;
  readonly tcp: PeerReader;
  readonly logger: { log(line: string): void };
  readonly now?: () => number;
}

/** So many reads over NIXL in a row fail, though its handshake works: TCP it is, for a while. */
const MAX_FAILURES = 3;
const TCP_FOR_MS = 60_000;

/** Reads over NIXL where both sides have it and it works, else over TCP. It is decided anew each time the peer is reached. */
export class AutoPeerReader implements PeerReader {
  readonly label: string;
  #current: PeerReader;
  #reason: string | undefined;
  #failures = 0;
  #tcpUntilMs = -Infinity;
  #told = '';

  constructor(private readonly options: AutoPeerReaderOptions) {
    this.label = options.nixl.label;
    this.#current = options.nixl;
  }

  get transport(): PeerTransport {
    return this.#current.transport;
  }

  get transportReason(): string | undefined {
    return this.#reason;
  }

  /** Of whichever: they are about the same keys. */
  get summary(): PeerSummary | undefined {
    return this.#current.summary;
  }

  async connect(options?: CallOptions): Promise<PeerIdentity> {
    const { nixl, tcp } = this.options;
    if (this.#now() < this.#tcpUntilMs)
      return this.#use(tcp, `${MAX_FAILURES} reads over NIXL in a row failed`, options);
    try {
      return await this.#use(nixl, '', options);
    } catch (error) {
      if (!isKvError(error) || !error.code.startsWith('KV_NIXL_')) throw error;
      return this.#use(tcp, error.message, options);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.options.nixl.close(), this.options.tcp.close()]);
  }

  async describe(options?: CallOptions): Promise<string> {
    await this.connect(options);
    return this.#current.describe(options);
  }

  existsMany(keys: readonly ChunkKey[], options?: PeerExistsOptions): Promise<readonly boolean[]> {
    return this.#current.existsMany(keys, options);
  }

  async getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    const reader = this.#current;
    try {
      const outcomes = await reader.getMany(keys, options);
      if (reader === this.options.nixl) this.#failures = 0;
      return outcomes;
    } catch (error) {
      if (reader === this.options.nixl) this.#countFailure();
      throw error;
    }
  }

  async #use(reader: PeerReader, why: string, options?: CallOptions): Promise<PeerIdentity> {
    const identity = await reader.connect(options);
    this.#current = reader;
    this.#reason = reader.transport === 'nixl' ? undefined : why;
    const line = `${this.label} is read over ${reader.transport === 'nixl' ? 'NIXL' : `TCP: ${why}`}`;
    const told = `${identity.bootId} ${line}`;
    if (told !== this.#told) this.options.logger.log(line);
    this.#told = told;
    return identity;
  }

  #countFailure(): void {
    if (++this.#failures < MAX_FAILURES) return;
    this.#failures = 0;
    this.#tcpUntilMs = this.#now() + TCP_FOR_MS;
  }

  #now(): number {
    return this.options.now?.() ?? performance.now();
  }
}
