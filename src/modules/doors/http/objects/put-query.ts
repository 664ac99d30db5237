import { IsIn, IsOptional, Matches } from '../../../../common/validation.js';
import { MAX_NAMESPACE } from '../../control/input/namespace.js';
import { inputError } from '../../control/input/input-error.js';
import { validate } from '../../control/input/validate.js';

const BOOLEANS = ['true', 'false', '1', '0'];

class NamespaceQuery {
  @IsOptional()
  @Matches(/^\d{1,10}$/, { message: 'must be a whole number' })
  namespace?: string;
}

class PutQuery extends NamespaceQuery {
  @IsOptional()
  @Matches(/^[1-9]\d{0,14}$/, { message: 'must be a whole number of milliseconds from 1' })
  ttl_ms?: string;

  @IsOptional()
  @IsIn(['memory', 'all'])
  ack?: 'memory' | 'all';

  @IsOptional()
  @IsIn(BOOLEANS)
  only_if_absent?: string;
}

export interface PutOptions {
  readonly namespace: number;
  /** 0 = never expires. */
  readonly ttlMs: number;
  readonly ack: 'memory' | 'all';
  readonly onlyIfAbsent: boolean;
}

const DEFAULTS: PutOptions = { namespace: 0, ttlMs: 0, ack: 'memory', onlyIfAbsent: false };

/** @throws KV_INPUT_INVALID */
export function putOptionsOf(query: object): PutOptions {
  if (isEmpty(query)) return DEFAULTS;
  const { namespace, ttl_ms, ack, only_if_absent } = validate(PutQuery, query);
  return {
    namespace: toNamespace(namespace),
    ttlMs: Number(ttl_ms ?? 0),
    ack: ack ?? 'memory',
    onlyIfAbsent: only_if_absent === 'true' || only_if_absent === '1',
  };
}

/** @throws KV_INPUT_INVALID */
export function namespaceOf(query: object): number {
  return isEmpty(query) ? 0 : toNamespace(validate(NamespaceQuery, query).namespace);
}

function toNamespace(text = '0'): number {
  const namespace = Number(text);
  if (namespace <= MAX_NAMESPACE) return namespace;
  throw inputError([{ path: 'namespace', message: `must not be above ${MAX_NAMESPACE}` }]);
}

function isEmpty(query: object): boolean {
  return Object.keys(query).length === 0;
}
