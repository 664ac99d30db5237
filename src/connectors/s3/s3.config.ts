import { KvError } from '../../common/errors/kv-error.js';
import { Flag, OneOf, Text, WholeNumber } from '../../config/schema/setting.decorators.js';
import { readOptions } from '../../config/read-options.js';
import { type ConnectorTarget } from '../connector-definition.interface.js';

/** How objects are named and what is in them; the README has the table. */
export type S3LayoutName = 'sealed' | 'lmcache' | 'lmcache-mp';

/** `options` of a remote tier on S3. */
export class S3Options {
  /** Address of a service that is not Amazon's: `http://host:9000`. */
  @Text()
  endpoint?: string;

  /** Default: AWS_REGION, or what the AWS SDK finds; with an endpoint, `us-east-1`. */
  @Text()
  region?: string;

  /** Needed where the host of the URL is not the bucket. */
  @Text()
  bucket?: string;

  /** In front of the names of all objects, followed by a slash. Default: the path of the URL. */
  @Text()
  prefix?: string;

  /** The bucket stands in the path and not in the host. Default: true where an endpoint is given. */
  @Flag()
  path_style?: boolean;

  /** Of an address without `http://` or `https://`. */
  @Flag()
  tls = true;

  /** Path of a PEM file with the authorities that are trusted in place of the system's. */
  @Text()
  tls_ca?: string;

  /** Default: the credential chain of the AWS SDK. */
  @Text()
  access_key_id?: string;

  @Text()
  secret_access_key?: string;

  @Text()
  session_token?: string;

  /** Requests under way at once; further ones wait. */
  @WholeNumber({ min: 1, max: 1024 })
  max_sockets = 32;

  /** The longest name of an object, prefix included. Services on file systems take less than Amazon's 1,024. */
  @WholeNumber({ min: 128, max: 1024 })
  max_name_bytes = 1024;

  @OneOf('sealed', 'lmcache', 'lmcache-mp')
  layout: S3LayoutName = 'sealed';
}

type Renamed = readonly [name: string, value: unknown] | undefined;

/** What LMCache calls its options. Those that mean nothing here are read and forgotten. */
const LMCACHE_NAMES: Readonly<Record<string, (value: unknown) => Renamed>> = {
  s3_region: (value) => ['region', value],
  s3_bucket: (value) => ['bucket', value],
  s3_file_prefix: (value) => ['prefix', value],
  s3_num_io_threads: (value) => ['max_sockets', value],
  s3_addressing_style: (value) => [
    'path_style',
    value === 'path' ? true : value === 'virtual' ? false : value,
  ],
  s3_ca_bundle: (value) => ['tls_ca', value],
  disable_tls: (value) => ['tls', value === true || value === 'true' ? false : true],
  aws_access_key_id: (value) => ['access_key_id', value],
  aws_secret_access_key: (value) => ['secret_access_key', value],
  aws_session_token: (value) => ['session_token', value],
  s3_prefer_http2: () => undefined,
  s3_enable_s3express: () => undefined,
};

/**
 * Options from the parameters of the URL, which win, from the tier, and from LMCache's `extra_config`.
 *
 * @throws KV_CONFIG_INVALID
 */
export function readS3Options({ tier, url, options, extraConfig }: ConnectorTarget): S3Options {
  const lmcache = Object.entries(extraConfig).filter(([name]) => name in LMCACHE_NAMES);
  const credentials = [
    ['access_key_id', url.user],
    ['secret_access_key', url.password],
  ] as const;
  const read = readOptions(S3Options, tier, {
    ...renamed(lmcache),
    ...renamed(Object.entries(options)),
    ...renamed(url.parameters),
    ...Object.fromEntries(credentials.filter(([, value]) => value !== undefined)),
  });
  requireBoth(tier, read);
  return read;
}

/** Half a pair would be taken for none, and somebody else's credentials would be found. */
function requireBoth(tier: string, options: S3Options): void {
  const { access_key_id: key, secret_access_key: secret, session_token: token } = options;
  if (key !== undefined && secret !== undefined) return;
  if (key === undefined && secret === undefined && token === undefined) return;
  throw new KvError(
    'KV_CONFIG_INVALID',
    `the tier "${tier}" is not configured right: access_key_id and secret_access_key belong together`,
    { kind: 'config', remedy: 'Give both, or neither and leave it to the credential chain of the AWS SDK.' },
  );
}

function renamed(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    const lmcache = Object.hasOwn(LMCACHE_NAMES, name) ? LMCACHE_NAMES[name] : undefined;
    const pair: Renamed = lmcache === undefined ? [name, value] : lmcache(value);
    if (pair !== undefined) own[pair[0]] = pair[1];
  }
  return own;
}
