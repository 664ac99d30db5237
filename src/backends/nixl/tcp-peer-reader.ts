import { type ClientSettings } from '../../client/options/client-settings.js';
import { type ServerHello } from '../../client/wire/hello.js';
import { remoteClosed, remoteProtocol } from '../../connectors/connector-errors.js';
import { ConnectorLifecycle } from '../../connectors/connector-lifecycle.js';
import { type IntakePlace } from '../../connectors/intake/value-intake.js';
import { KvnestReads } from '../../connectors/kvnest/kvnest-reads.js';
import { KvnestServers } from '../../connectors/kvnest/kvnest-servers.js';
import { type CallOptions, type FetchOutcome } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { KeySummary } from './key-summary.js';
import { PeerCalls } from './peer-calls.js';
import { type PeerExistsOptions, type PeerIdentity, type PeerReader } from './peer-reader.interface.js';

export interface TcpPeerReaderOptions {
  readonly label: string;
  readonly place: IntakePlace;
  /** Of one server. */
  readonly settings: ClientSettings;
}

/** What a server must know to be asked for what is its own: else questions could go in circles. */
const LOCAL = 'local';

/** Reads from a peer through its TCP microservice: from the socket into the arena. */
export class TcpPeerReader implements PeerReader {
  readonly transport = 'tcp';
  readonly label: string;
  readonly #servers: KvnestServers;
  readonly #reads: KvnestReads;
  readonly summary: KeySummary;
  readonly #lifecycle: ConnectorLifecycle;
  #isClosed = false;

  constructor({ label, place, settings }: TcpPeerReaderOptions) {
    this.label = label;
    const servers = new KvnestServers(label, settings);
    this.#servers = servers;
    this.#reads = new KvnestReads(servers, place, true);
    const calls = new PeerCalls(servers);
    this.summary = new KeySummary({
      get announces() {
        return calls.announces;
      },
      ask: (question, call) => this.#lifecycle.run(() => calls.summary(question, call)),
    });
    this.#lifecycle = new ConnectorLifecycle({
      label,
      open: (call) => servers.open(call?.signal),
      shut: () => servers.close(),
    });
  }

  async connect(options?: CallOptions): Promise<PeerIdentity> {
    const { bootId, server } = await this.#hello(options);
    return { bootId, server };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lifecycle.close();
  }

  async describe(options?: CallOptions): Promise<string> {
    const { server, tiers } = await this.#hello(options);
    return `${server}, tiers ${tiers.join(', ')}, reached over TCP`;
  }

  existsMany(keys: readonly ChunkKey[], options?: PeerExistsOptions): Promise<readonly boolean[]> {
    return this.#lifecycle.run(() => this.#reads.exists(keys, options));
  }

  getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    return this.#lifecycle.run(() => this.#reads.fetch(keys, options));
  }

  /** Asked each time: a connection that is there may be to a server that hangs. */
  async #hello(options?: CallOptions): Promise<ServerHello> {
    if (this.#isClosed) throw remoteClosed(this.label);
    await this.#lifecycle.connect(options);
    await this.#lifecycle.run(() => this.#reads.ping(options));
    const hello = this.#servers.cluster.servers[0]?.hello;
    if (hello?.capabilities.includes(LOCAL) === true) return hello;
    throw remoteProtocol(
      this.label,
      'it is too old to be a peer: it cannot tell its own chunks from those of others',
    );
  }
}
