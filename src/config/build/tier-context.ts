import { type ExternalConfig, type KvnestConfig } from '../kvnest-config.interface.js';
import { type Externals } from './externals.js';

/** What this server has. */
interface ServerContext {
  readonly tierTypes: readonly string[];
  readonly policies: readonly string[];
  readonly admissions: readonly string[];
  /** Of the URLs of remote stores; undefined: not checked. */
  readonly schemes?: readonly string[] | undefined;
}

/** What a configuration is built with, beside its settings. */
export interface BuildContext extends ServerContext {
  /** Directory that relative paths start from. */
  readonly cwd: string;
  /** That of the configuration file. */
  readonly configFolder: string | undefined;
}

/** What the tiers of a configuration are checked against. */
export interface TierContext extends BuildContext {
  /** What the configuration brings beside what this server has. */
  readonly externals: Externals;
  readonly doors: KvnestConfig['doors'];
}

/** The backend that users bring for this type of tier. */
export function findExternal(type: string, { externals }: TierContext): ExternalConfig | undefined {
  return externals.backends.find(({ name }) => name === type);
}

/** Every type that a tier may be of. */
export function knownTypes({ tierTypes, externals }: TierContext): readonly string[] {
  return [...tierTypes, ...externals.backends.map(({ name }) => name)];
}

/** A policy by its name, whatever the case, as the server spells it. */
export function findPolicy(name: string, context: TierContext): string | undefined {
  return findName(name, context.policies);
}

/** An admission policy by its name, whatever the case, as the server spells it. */
export function findAdmission(name: string, context: TierContext): string | undefined {
  return findName(name, context.admissions);
}

function findName(name: string, known: readonly string[]): string | undefined {
  return known.find((each) => each.toLowerCase() === name.toLowerCase());
}
