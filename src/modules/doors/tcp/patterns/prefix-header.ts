import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { type PrefixIdentity } from '../../../engine/cache-engine.interface.js';
import { inputError, type Problem } from '../../control/input/input-error.js';
import { jsonHeader } from '../tcp-errors.js';

/** Reads the fields of a header in JSON, and collects what is wrong with them. */
export class HeaderFields {
  readonly problems: Problem[] = [];

  constructor(readonly fields: Readonly<Record<string, unknown>>) {}

  text(name: string): string | undefined {
    return this.#take(name, 'must be text', (value) => typeof value === 'string' && value !== '') as
      string | undefined;
  }

  integer(name: string, min: number, max: number): number | undefined {
    return this.#take(name, `must be a whole number from ${min} to ${max}`, (value) =>
      isWhole(value, min, max),
    ) as number | undefined;
  }

  flag(name: string): boolean | undefined {
    return this.#take(name, 'must be true or false', (value) => typeof value === 'boolean') as
      boolean | undefined;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    return this.#take(name, `must be one of ${values.join(', ')}`, (value) => values.includes(value as T)) as
      T | undefined;
  }

  problem(path: string, message: string): void {
    this.problems.push({ path, message });
  }

  /** @throws KV_INPUT_INVALID when something is wrong. */
  check(): void {
    if (this.problems.length > 0) throw inputError(this.problems);
  }

  #take(name: string, message: string, isRight: (value: unknown) => boolean): unknown {
    const value = this.fields[name];
    if (value === undefined) return undefined;
    if (!isRight(value)) this.problem(name, message);
    return value;
  }
}

export function isWhole(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

const MAX_RANKS = 65_536;

/** What stands in the header of every request about tokens. */
export interface PrefixHeader {
  readonly identity: PrefixIdentity;
  /** Bytes of the body that are tokens. */
  readonly tokenBytes: number;
  readonly fields: HeaderFields;
}

/**
 * @param maxTokenBytes most that the tokens may take.
 * @throws KV_TCP_FRAME for what is no JSON or announces more tokens than there may be.
 */
export function readPrefixHeader(header: Buffer, maxTokenBytes: number): PrefixHeader {
  const fields = new HeaderFields(jsonHeader(header));
  const { tokens } = fields.fields;
  if (!isWhole(tokens, 0, Math.floor(maxTokenBytes / Uint32Array.BYTES_PER_ELEMENT))) {
    throw frameError('a number of tokens that is none, or too large');
  }
  const model = fields.text('model');
  if (model === undefined) fields.problem('model', 'must be there');
  const identity = {
    model: model ?? '',
    worldSize: fields.integer('world_size', 1, MAX_RANKS),
    workerId: fields.integer('worker_id', 0, MAX_RANKS),
    localWorldSize: fields.integer('local_world_size', 1, MAX_RANKS),
    localRank: fields.integer('local_rank', 0, MAX_RANKS),
    objectGroupId: fields.integer('object_group_id', 0, Number.MAX_SAFE_INTEGER),
    dtype: fields.text('dtype'),
    cacheSalt: fields.fields['cache_salt'] === '' ? undefined : fields.text('cache_salt'),
  };
  return { identity: given(identity), tokenBytes: tokens * Uint32Array.BYTES_PER_ELEMENT, fields };
}

/** Without the fields that were not given. */
function given(identity: Record<string, unknown>): PrefixIdentity {
  return Object.fromEntries(
    Object.entries(identity).filter(([, value]) => value !== undefined),
  ) as unknown as PrefixIdentity;
}
