import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildConfig } from './build/build-config.js';
import { checkConsistency } from './build/consistency.js';
import { checkContradictions } from './build/contradictions.js';
import { deepFreeze } from './deep-freeze.js';
import { Findings } from './findings.js';
import { type KvnestConfig } from './kvnest-config.interface.js';
import { type Assignment } from './layers/assignment.js';
import { readCommandLineLayer } from './layers/command-line.layer.js';
import {
  type Environment,
  readEnvironmentLayer,
  readLmcacheEnvironmentLayer,
} from './layers/environment.layer.js';
import { readFileLayer, type ReadFile } from './layers/file.layer.js';
import { validateSettings } from './validate-settings.js';

const POLICIES = ['DEFAULT', 'LRU', 'LFU', 'FIFO', 'MRU'];

export interface LoadConfigInput {
  /** `--config FILE` and `--set key=value`, any number of these; the rest is left to others. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly readFile?: ReadFile;
  /** Directory that relative paths start from. Default: that of the process. */
  readonly cwd?: string;
  /** Default: memory, disk and remote. */
  readonly tierTypes?: readonly string[];
  /** Eviction policies. Default: the default one, and LMCache's. */
  readonly policies?: readonly string[];
  /** Admission policies. Default: always. */
  readonly admissions?: readonly string[];
  /** Schemes of the URLs of remote stores. Default: not checked here. */
  readonly schemes?: readonly string[];
}

export interface LoadedConfig {
  /** Frozen through and through. */
  readonly config: KvnestConfig;
  /** One line each, for the log. */
  readonly warnings: readonly string[];
  readonly sources: ConfigSources;
}

export interface ConfigSources {
  readonly file: string | undefined;
  /** What was given, by path (`doors.http.port`), and where: a file, a variable, `--set …`. The rest are defaults. */
  readonly origins: ReadonlyMap<string, string>;
}

/** The options that `loadConfig` reads from `argv`, as `parseArgs` takes them. */
export const CONFIG_OPTIONS = {
  config: { type: 'string' },
  set: { type: 'string', multiple: true },
} as const;

/**
 * Reads, merges and validates the configuration: command line over `KVNEST_*` over the file over defaults;
 * `LMCACHE_*` stands in for a file that is not there.
 *
 * @throws KV_CONFIG_INVALID with every problem at once, in `details.problems`.
 */
export function loadConfig(input: LoadConfigInput): LoadedConfig {
  const findings = new Findings();
  const { config: named, set = [] } = parseArgs({
    args: [...input.argv],
    options: CONFIG_OPTIONS,
    strict: false,
  }).values;
  const file = configFile(named, input.env);
  const assignments = [
    ...(file === undefined ? [] : readFileLayer(file, input.readFile ?? readTextFile, findings)),
    ...readLmcacheEnvironmentLayer(input.env, file !== undefined, findings),
    ...readEnvironmentLayer(input.env, findings),
    ...readCommandLineLayer(set.map(String), findings),
  ];
  const config = assemble(assignments, { ...input, file }, findings);
  findings.throwProblems();
  return {
    config: deepFreeze(config),
    warnings: findings.warnings,
    sources: { file, origins: originsOf(assignments) },
  };
}

function assemble(
  assignments: readonly Assignment[],
  input: LoadConfigInput & { readonly file: string | undefined },
  findings: Findings,
): KvnestConfig {
  const { tierTypes = ['memory', 'disk', 'remote'], cwd = process.cwd() } = input;
  const { schemes, file, policies = POLICIES, admissions = ['always'] } = input;
  const configFolder = file === undefined ? undefined : dirname(resolve(cwd, file));
  const settings = validateSettings(assignments, findings);
  const config = buildConfig(
    settings,
    { tierTypes, policies, admissions, schemes, cwd, configFolder },
    findings,
  );
  checkConsistency(config, findings);
  checkContradictions(settings, config.tiers, { assignments, cwd, findings });
  return config;
}

/** The last word about each path. */
function originsOf(assignments: readonly Assignment[]): ReadonlyMap<string, string> {
  return new Map(assignments.map(({ path, origin }) => [path, origin]));
}

function configFile(named: unknown, env: Environment): string | undefined {
  if (typeof named === 'string') return named;
  return [env['KVNEST_CONFIG_FILE'], env['LMCACHE_CONFIG_FILE']].find(Boolean);
}

function readTextFile(path: string): string {
  return readFileSync(path, 'utf8');
}
