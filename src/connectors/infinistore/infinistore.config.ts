import { ByteSize, OneOf, Port, Text, WholeNumber } from '../../config/schema/setting.decorators.js';
import { MAX_INFINISTORE_VALUE_BYTES } from '../../protocols/infinistore/infinistore-request.js';

const HOUR_MS = 3_600_000;

/** Parameters of an `infinistore://` URL, and `options` of its tier. */
export class InfinistoreOptions {
  /** How chunks lie there: as LMCache has them, or sealed behind pointers. */
  @OneOf('lmcache', 'sealed')
  layout: 'lmcache' | 'sealed' = 'lmcache';

  /** Connections for values, each with one request on its way, and as many for questions. */
  @WholeNumber({ min: 1, max: 64 })
  connections = 4;

  /** How long a connection may take to be made. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  socket_connect_timeout_ms = 5_000;

  /** How long closing waits for answers that are on their way. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  drain_timeout_ms = 30_000;

  /** The longest value, header included. Default: 40 MiB with `layout: lmcache`, else what the protocol can say. */
  @ByteSize({ minBytes: 128 * 1024, maxBytes: MAX_INFINISTORE_VALUE_BYTES })
  max_value?: number;

  /** Port of the server's HTTP interface, which knows how many keys there are. */
  @Port()
  manage_port?: number;

  /** LMCache's RDMA device. It has no meaning over TCP. */
  @Text()
  device?: string;
}
