import { parseByteSize } from '../../config/schema/byte-size.js';
import { suggestion } from '../../config/nearest-name.js';
import { ADMISSION_POLICIES_CATALOG } from '../../modules/tiers/admission/admission-policies.catalog.js';
import {
  DEFAULT_POLICY,
  EVICTION_POLICY_NAMES,
} from '../../modules/tiers/eviction/eviction-policies.catalog.js';
import { type Capacity } from '../../modules/trace/simulation/capacity.interface.js';
import { usageError } from '../cli-error.js';

/** The name under which the optimum is asked for, like a policy. */
export const BELADY = 'belady';
const ALL = 'all';
const BLOCKS = /^(\d+(?:\.\d+)?)(k|m)?$/i;
const FACTORS: Readonly<Record<string, number>> = { k: 1_000, m: 1_000_000 };

/** The entries of an option that may be repeated, and may have several with commas between. */
export function listed(values: readonly string[] | undefined): readonly string[] {
  const entries = (values ?? []).flatMap((value) => value.split(',')).map((entry) => entry.trim());
  return [...new Set(entries.filter((entry) => entry !== ''))];
}

/** @throws KV_CLI_USAGE for a name nobody knows. */
export function policyNames(values: readonly string[] | undefined): readonly string[] {
  const known = [...EVICTION_POLICY_NAMES, BELADY];
  const names = namesAmong('an eviction policy', [...known, ALL], values);
  if (names.length === 0) {
    throw usageError('trace replay needs a policy', `Give --policy one of: ${known.join(', ')}, ${ALL}.`);
  }
  return names.includes(ALL) ? known.filter((name) => name !== DEFAULT_POLICY) : names;
}

/** Without any, the first: that of a tier that names none. @throws KV_CLI_USAGE for a name nobody knows. */
export function admissionNames(values: readonly string[] | undefined): readonly string[] {
  const all = ADMISSION_POLICIES_CATALOG.map(({ name }) => name);
  const names = namesAmong('an admission policy', [...all, ALL], values);
  if (names.length === 0) return all.slice(0, 1);
  return names.includes(ALL) ? all : names;
}

function namesAmong(
  kind: string,
  known: readonly string[],
  values: readonly string[] | undefined,
): readonly string[] {
  const names = listed(values).map((name) => name.toLowerCase());
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  const message = `"${unknown}" is not the name of ${kind}${suggestion(unknown, known)}`;
  throw usageError(message, `Use one of: ${known.join(', ')}.`);
}

/** @throws KV_CLI_USAGE for what is no capacity, or holds nothing. */
export function capacities(option: string, values: readonly string[] | undefined): readonly Capacity[] {
  return listed(values).map((text) => {
    const capacity = parseCapacity(text);
    if (capacity !== undefined && capacity.amount >= 1) return capacity;
    throw usageError(
      `--${option} ${text} holds nothing`,
      'Give blocks, such as 1000 or 10k, or bytes, such as 64GiB.',
    );
  });
}

/** @throws KV_CLI_USAGE for what is no size. */
export function tokenBytes(text: string | undefined, fallbackBytes: number): number {
  const bytes = text === undefined ? fallbackBytes : parseByteSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw usageError(`--bytes-per-token ${text ?? ''} is no size`, 'Give one such as 128KiB.');
}

/** A whole number, at least 1. @throws KV_CLI_USAGE */
export function countOption(option: string, text: string | undefined, fallback: number): number {
  const count = text === undefined ? fallback : Number(text);
  if (text === undefined || (Number.isSafeInteger(count) && count >= 1)) return count;
  throw usageError(`--${option} ${text} is no number of them`, 'Give a whole number, at least 1.');
}

function parseCapacity(text: string): Capacity | undefined {
  const [, digits, factor] = BLOCKS.exec(text) ?? [];
  if (digits !== undefined) {
    const amount = Math.floor(Number(digits) * (FACTORS[(factor ?? '').toLowerCase()] ?? 1));
    return Number.isSafeInteger(amount) ? { amount, unit: 'blocks' } : undefined;
  }
  const amount = parseByteSize(text);
  return amount === undefined ? undefined : { amount, unit: 'bytes' };
}
