import { Flag, Text } from '../config/schema/setting.decorators.js';

/** How TLS is spoken with a server: options of whatever speaks it over a socket of its own. */
export class TlsOptions {
  /** File of the certificates that sign the server's. */
  @Text()
  tls_ca?: string;

  /** Files of the certificate and the key that this side shows. */
  @Text()
  tls_cert?: string;

  @Text()
  tls_key?: string;

  /** The name that the server's certificate must have. Default: the host. */
  @Text()
  tls_servername?: string;

  /** False: any certificate will do. */
  @Flag()
  tls_reject_unauthorized = true;
}
