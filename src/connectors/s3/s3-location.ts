import { type KvError } from '../../common/errors/kv-error.js';
import { type ConnectorUrl, type HostPort, urlInvalid } from '../connector-url.js';
import { type S3Options } from './s3.config.js';

/** Where the objects are. */
export interface S3Location {
  readonly bucket: string;
  /** In front of every name: empty, or with a slash at its end. */
  readonly prefix: string;
  /** `https://host:port`; undefined: Amazon's, as the region says. */
  readonly endpoint: string | undefined;
  /** Undefined: the one that the machine is set up for. */
  readonly region: string | undefined;
  /** The bucket stands in the path and not in the host. */
  readonly pathStyle: boolean;
}

type LocationOptions = Pick<S3Options, 'endpoint' | 'region' | 'bucket' | 'prefix' | 'path_style' | 'tls'>;

/**
 * Understands `s3://bucket/prefix`, with or without `endpoint`; `s3://host:port/prefix` with `bucket`; and LMCache's
 * `s3://bucket.host`, which has a dot or a port where the others have a name.
 *
 * @throws KV_CONFIG_INVALID
 */
export function locateBucket(url: ConnectorUrl, options: LocationOptions): S3Location {
  const [host, ...more] = url.hosts;
  if (more.length > 0) throw invalid(url, 'names several hosts');
  const prefix = (options.prefix ?? url.path).replace(/^\/+|\/+$/g, '');
  const { bucket, address, pathStyle } = splitHost(url, host, options);
  const endpoint = address === undefined ? undefined : endpointOf(url, address, options.tls);
  return {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint,
    region: options.region,
    pathStyle: options.path_style ?? pathStyle,
  };
}

interface SplitHost {
  readonly bucket: string;
  readonly address: string | undefined;
  readonly pathStyle: boolean;
}

/** Amazon's own hosts: the bucket in front of them may have dots. */
const AMAZON = /^(.+)\.(s3[a-z0-9-]*\..*amazonaws\.com(?:\.cn)?)$/i;

function splitHost(url: ConnectorUrl, host: HostPort | undefined, options: LocationOptions): SplitHost {
  const { bucket, endpoint } = options;
  if (bucket !== undefined) return besideBucket(url, host, bucket, endpoint);
  if (host === undefined) throw invalid(url, 'names no bucket');
  if (endpoint === undefined) return bucketAndHost(url, host);
  if (host.port !== undefined) throw invalid(url, 'has a port behind the name of a bucket');
  return { bucket: host.host, address: endpoint, pathStyle: true };
}

/** The host of the URL is the service, or the bucket once more. */
function besideBucket(
  url: ConnectorUrl,
  host: HostPort | undefined,
  bucket: string,
  endpoint: string | undefined,
): SplitHost {
  if (endpoint !== undefined && host !== undefined && host.host !== bucket)
    throw invalid(url, `names ${host.host}, which is neither the bucket nor the endpoint of the options`);
  const ofUrl = host === undefined || host.host === bucket ? undefined : hostText(host);
  const address = endpoint ?? ofUrl;
  return { bucket, address, pathStyle: address !== undefined };
}

function bucketAndHost(url: ConnectorUrl, host: HostPort): SplitHost {
  const [, bucket, rest] = AMAZON.exec(host.host) ?? /^([^.]+)\.(.+)$/.exec(host.host) ?? [];
  if (bucket !== undefined && rest !== undefined)
    return { bucket, address: hostText({ host: rest, port: host.port }), pathStyle: false };
  if (host.port !== undefined) throw invalid(url, 'names a host and no bucket');
  return { bucket: host.host, address: undefined, pathStyle: false };
}

function hostText({ host, port }: HostPort): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

function endpointOf(url: ConnectorUrl, address: string, tls: boolean): string {
  const text = /^https?:\/\//i.test(address) ? address : `${tls ? 'https' : 'http'}://${address}`;
  if (!URL.canParse(text)) throw invalid(url, `has an endpoint that is no address: ${address}`);
  return text.replace(/\/+$/, '');
}

function invalid(url: ConnectorUrl, what: string): KvError {
  const remedy =
    'Write s3://bucket/prefix, with ?endpoint=http://host:9000 where the service is not Amazon’s.';
  return urlInvalid(url, what, remedy);
}
