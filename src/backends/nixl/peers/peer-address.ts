import { type ClientSettings } from '../../../client/options/client-settings.js';
import { type ConnectorUrl } from '../../../connectors/connector-url.js';
import { readKvnestSettings } from '../../../connectors/kvnest/kvnest.config.js';
import { type NixlOptions } from '../nixl.config.js';

/** Where one peer listens, and how it is spoken to. */
export interface PeerAddress {
  /** `host:port`, in lower case: two addresses of the same name are one peer. */
  readonly name: string;
  /** What logs and errors call it: `kvnest://host:port`. */
  readonly label: string;
  readonly settings: ClientSettings;
}

/** What the options of a tier say of every peer. */
export interface PeerDefaults {
  readonly tier: string;
  readonly options: NixlOptions;
}

export interface HostAndPort {
  readonly host: string;
  /** Undefined: 7070. */
  readonly port: number | undefined;
}

/**
 * The address of one host of a `kvnest://` or `kvnests://` URL.
 *
 * @param url where token and parameters stand.
 * @param servername of the certificate, where `host` is only one of several addresses of it.
 * @throws KV_CONFIG_INVALID
 */
export function peerAddress(
  { tier, options }: PeerDefaults,
  url: ConnectorUrl,
  { host, port }: HostAndPort,
  servername?: string,
): PeerAddress {
  const isTls = url.scheme === 'kvnests';
  const { tls_ca, tls_cert, tls_key, tls_servername = servername, tls_reject_unauthorized } = options;
  const tls = { tls_ca, tls_cert, tls_key, tls_servername, tls_reject_unauthorized };
  const name = host.includes(':') ? `[${host}]` : host;
  const given = {
    connections: options.connections,
    socket_connect_timeout_ms: options.connect_timeout_ms,
    unresponsive_ms: options.timeout_ms,
    token: options.token,
    token_env: options.token_env,
    ...(isTls && tls),
  };
  const settings = readKvnestSettings({
    tier,
    url: { ...url, label: `${url.scheme}://${name}`, hosts: [{ host, port }] },
    options: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    extraConfig: {},
  });
  const [server] = settings.servers;
  const address = server?.name ?? '';
  return {
    name: address,
    label: `${url.scheme}://${address}`,
    settings: {
      ...settings,
      // Connections are tried again in the background no sooner than the peer is asked again.
      reconnect: {
        minMs: options.back_off_ms,
        maxMs: Math.max(options.back_off_ms, options.max_back_off_ms),
        onDemand: true,
      },
    },
  };
}
