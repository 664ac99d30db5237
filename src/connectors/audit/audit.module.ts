import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { KvError } from '../../common/errors/kv-error.js';
import { type ConnectorDefinition } from '../connector-definition.interface.js';
import { parseConnectorUrl } from '../connector-url.js';
import { getConnectorToken } from '../connectors.tokens.js';
import { type RemoteConnector } from '../remote-connector.interface.js';
import { AuditConnector } from './audit.connector.js';
import { readAuditConfig } from './audit.config.js';
import { AuditLog } from './audit-log.js';
import { ChecksumMemory } from './checksum-memory.js';

@Module({})
class AuditConnectorModule {}

/** `audit://host:port?verify=true`: the connector of `audit_actual_remote_url`, whose every call leaves a line in the log. */
export const auditConnector: ConnectorDefinition = {
  type: 'audit',
  schemes: ['audit'],
  register: (target, find): DynamicModule => {
    const { actualUrl, audit, rest } = readAuditConfig(target);
    const url = parseConnectorUrl(actualUrl);
    if (url.scheme === target.url.scheme) throw auditsItself(target.tier);
    const behind = `${target.tier}/audited`;
    const token = getConnectorToken(target.tier);
    const provider = {
      provide: token,
      inject: [getConnectorToken(behind)],
      useFactory: (actual: RemoteConnector) =>
        new AuditConnector({
          actual,
          log: new AuditLog(new Logger(`audit:${target.tier}`), audit.level),
          memory: audit.verify ? new ChecksumMemory(audit.remember) : undefined,
        }),
    };
    return {
      module: AuditConnectorModule,
      imports: [find(url.scheme).register({ ...target, tier: behind, url, options: rest }, find)],
      providers: [provider],
      exports: [token],
    };
  },
};

function auditsItself(tier: string): KvError {
  return new KvError('KV_CONFIG_INVALID', `The tier "${tier}" audits an audit`, {
    kind: 'config',
    remedy: 'Let audit_actual_remote_url name the store.',
  });
}
