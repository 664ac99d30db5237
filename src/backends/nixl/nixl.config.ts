import { Flag, OneOf, Text, Texts, WholeNumber } from '../../config/schema/setting.decorators.js';
import { KvnestAccessOptions } from '../../connectors/kvnest/kvnest-access.config.js';

const HOUR_MS = 3_600_000;
const MAX_REGISTRY_TTL_MS = 600_000;

/** `options` of a tier of type `nixl`. */
export class NixlOptions extends KvnestAccessOptions {
  /** Where the peers are: `kvnest://host:port`, `dns+kvnest://name:port`, `redis://host:port`. */
  @Texts()
  peers: string[] = [];

  /** `receiver`: asks peers; `sender`: is asked; `both`. */
  @OneOf('both', 'receiver', 'sender')
  role: 'both' | 'receiver' | 'sender' = 'both';

  /** How chunks come: `auto` is NIXL where both sides have it, else TCP. */
  @OneOf('auto', 'nixl', 'tcp')
  transport: 'auto' | 'nixl' | 'tcp' = 'auto';

  /** How others reach this server, for the registry. Default: its name in the network, and the port of its TCP door. */
  @Text()
  advertise?: string;

  /** How long peers may take to say what they have. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  lookup_timeout_ms = 500;

  /** How long a read may take, whoever is asked. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  timeout_ms = 5_000;

  /** How long it may take to reach a peer, at the start and later. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  connect_timeout_ms = 2_000;

  /** A peer that fails is left alone for about so long; the time doubles while it goes on to fail. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  back_off_ms = 200;

  @WholeNumber({ min: 1, max: HOUR_MS })
  max_back_off_ms = 30_000;

  /** How often a peer is asked for what is new in the summary of its keys. 0 = no summaries: all peers are asked. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  summary_ms = 0;

  /** Peers tell at once what was put there, and are not asked for anything else. */
  @Flag()
  announcements = false;

  /** How often names are resolved anew. */
  @WholeNumber({ min: 10, max: HOUR_MS })
  resolve_ms = 10_000;

  /** How often the registry is told of this server, and asked for others. Who is silent for three times as long is gone. */
  @WholeNumber({ min: 10, max: MAX_REGISTRY_TTL_MS / 3 })
  heartbeat_ms = 5_000;

  /** The registry's key in Redis: one for each group of peers. */
  @Text()
  registry_key = 'kvnest:peers';

  /** Connections for chunks, to each peer. */
  @WholeNumber({ min: 1, max: 64 })
  connections = 2;
}
