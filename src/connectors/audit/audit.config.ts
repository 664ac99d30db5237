import { KvError } from '../../common/errors/kv-error.js';
import { readOptions } from '../../config/read-options.js';
import { Flag, OneOf, Text, WholeNumber } from '../../config/schema/setting.decorators.js';
import { settingsOf } from '../../config/schema/setting-registry.js';
import { type ConnectorTarget } from '../connector-definition.interface.js';

/** Parameters of an `audit://` URL, and `options` of its tier; what else stands there is for the connector behind it. */
export class AuditOptions {
  /** Address of the store behind: LMCache's key of this name. */
  @Text()
  audit_actual_remote_url?: string;

  /** Whether to remember the checksums of what was put, and to warn of a get that differs. */
  @Flag()
  verify = false;

  /** Level of the lines; those of failures and differences are warnings. */
  @OneOf('info', 'debug')
  level: 'info' | 'debug' = 'info';

  /** Checksums that are remembered at most: of the chunks that were last put or read. */
  @WholeNumber({ min: 1, max: 10_000_000 })
  remember = 65_536;
}

export interface AuditConfig {
  readonly actualUrl: string;
  readonly audit: AuditOptions;
  /** What the connector behind reads. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** @throws KV_CONFIG_INVALID */
export function readAuditConfig({ tier, url, options, extraConfig }: ConnectorTarget): AuditConfig {
  const known = settingsOf(AuditOptions);
  const entries = Object.entries(options);
  const own = entries.filter(([name]) => known.has(name));
  const { audit_actual_remote_url, audit_verify_checksum: verify } = extraConfig;
  const audit = readOptions(AuditOptions, tier, {
    audit_actual_remote_url,
    verify,
    ...Object.fromEntries([...own, ...url.parameters]),
  });
  const actualUrl = audit.audit_actual_remote_url;
  if (actualUrl === undefined) throw actualUrlMissing(tier);
  return { actualUrl, audit, rest: Object.fromEntries(entries.filter(([name]) => !known.has(name))) };
}

function actualUrlMissing(tier: string): KvError {
  return new KvError(
    'KV_CONFIG_INVALID',
    `The tier "${tier}" audits a store, and audit_actual_remote_url does not say which`,
    {
      kind: 'config',
      remedy:
        'Give its URL, such as redis://host:6379, beside remote_url, in extra_config or in the options of the tier.',
    },
  );
}
