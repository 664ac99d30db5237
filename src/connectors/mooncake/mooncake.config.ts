import { ByteSize, Flag, OneOf, Seconds, Text, WholeNumber } from '../../config/schema/setting.decorators.js';

const HOUR_MS = 3_600_000;

/** Parameters of a `mooncakestore://` URL, and `options` of its tier; LMCache's keys are these, too. */
export class MooncakeOptions {
  /** How chunks lie there: as LMCache has them, or sealed. */
  @OneOf('lmcache', 'sealed')
  layout: 'lmcache' | 'sealed' = 'lmcache';

  /** What speaks to the store: kvnest itself, or Mooncake's own library. */
  @OneOf('wire', 'native')
  engine: 'wire' | 'native' = 'wire';

  /** LMCache's: false when objects are the bytes of chunks and nothing else. */
  @Flag()
  save_chunk_meta = true;

  /** Connections to each owner of a segment. */
  @WholeNumber({ min: 1, max: 64 })
  connections = 4;

  /** Copies of each chunk, in different segments, as far as there are. */
  @WholeNumber({ min: 1, max: 16 })
  replica_num = 1;

  @Text()
  tenant_id = 'default';

  /** The masters, where the URL names none: `host:port`, several with commas. */
  @Text()
  master_server_addr?: string;

  /** Where it is known how owners are reached: `P2PHANDSHAKE` (they say it themselves), or `http://host:port/metadata`. */
  @Text({
    pattern: { test: /^(P2PHANDSHAKE$|https?:\/\/)/, expected: 'P2PHANDSHAKE or http://host:port/metadata' },
  })
  metadata_server = 'P2PHANDSHAKE';

  /** RDMA needs Mooncake's own library. */
  @OneOf('tcp', 'rdma')
  protocol: 'tcp' | 'rdma' = 'tcp';

  /** Of RDMA, for Mooncake's library, which looks for one otherwise. */
  @Text()
  device_name?: string;

  /** As which Mooncake's library is known to others. Default: the name of the machine. */
  @Text()
  local_hostname?: string;

  /** The longest object, header included. Default: 1 GiB. */
  @ByteSize({ minBytes: 128 * 1024, maxBytes: 2 ** 40 })
  max_value?: number;

  /** How long a connection may take to be made. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  socket_connect_timeout_ms = 2_000;

  /** How long an owner may be silent. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  transfer_timeout_ms?: number;

  /** The same, in LMCache's unit. */
  @Seconds({ max: 3_600 })
  transfer_timeout?: number;

  /** How long the master may be silent. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  master_timeout_ms = 5_000;

  /** How long an owner that refused or was silent is left alone. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  owner_ban_ms = 10_000;

  /** How long closing waits for puts that are on their way. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  drain_timeout_ms = 30_000;
}
