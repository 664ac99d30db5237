import { basename } from 'node:path';
import { Findings } from '../../config/findings.js';
import { type PluginPolicy, type PluginsConfig } from '../../config/kvnest-config.interface.js';
import { type DiscoveredPlugins, type SelectedScript, type SkippedFile } from '../plugin-script.interface.js';
import { launchCommand, type Refusal } from './launch-command.js';
import { type PluginFile, PluginFiles } from './plugin-files.js';
import { parsePluginName, type PluginName } from './plugin-name.js';
import { selectRole } from './role-selection.js';
import { UniqueNames } from './unique-names.js';

/**
 * Looks through the locations of the configuration, and says of each file whether it runs in this process, and how.
 * Starts nothing.
 *
 * @param env its PATH is where interpreters are looked for.
 * @throws KV_CONFIG_INVALID when a location is not there, cannot be read, or holds too much to be one.
 */
export async function discoverPlugins(
  config: PluginsConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<DiscoveredPlugins> {
  const findings = new Findings();
  const files = new PluginFiles();
  await files.read(config, findings);
  findings.throwProblems();
  const names = new UniqueNames();
  const scripts: SelectedScript[] = [];
  const skipped: SkippedFile[] = [...files.skipped];
  const warnings: string[] = [];
  for (const file of files.found) {
    const name = names.add(file.path, file.relativePath);
    const found = await examine(file, name, config, env['PATH']);
    if ('reason' in found) skipped.push(found);
    else scripts.push(found.script);
    if ('warnings' in found) warnings.push(...found.warnings);
  }
  return { scripts, skipped, warnings: [...warnings, ...unknownScripts(config, files.found, names)] };
}

interface Selected {
  readonly script: SelectedScript;
  readonly warnings: readonly string[];
}

async function examine(
  file: PluginFile,
  name: string,
  config: PluginsConfig,
  searchPath: string | undefined,
): Promise<Selected | SkippedFile> {
  const { path } = file;
  const parsed = parsePluginName(basename(path));
  const selection = selectRole(parsed, config);
  const launch = await launchCommand(file, searchPath);
  if ('reason' in launch)
    return { name, path, reason: launch.reason, level: levelOf(launch, selection, file) };
  const { role, workerId } = parsed;
  const script = { name, path, role, workerId, command: launch.command };
  if ('reason' in selection) return { name, path, reason: selection.reason, level: 'debug', script };
  const policy = policyOf(file, name, config);
  const warnings = [launch.warning, looseNumberWarning(parsed)].flatMap((warning) =>
    warning === undefined ? [] : [`${name} ${warning}`],
  );
  return { script: { ...script, ...selection, policy }, warnings };
}

/** Somebody who names a file wants it to run; what is wrong with the scripts of other processes is their business. */
function levelOf(
  { level }: Refusal,
  selection: ReturnType<typeof selectRole>,
  { isNamed }: PluginFile,
): SkippedFile['level'] {
  if ('reason' in selection) return 'debug';
  return isNamed && level === 'debug' ? 'warn' : level;
}

function looseNumberWarning({ role, looseNumber }: PluginName): string | undefined {
  if (looseNumber === undefined) return undefined;
  const runners = role === 'worker' ? 'every worker' : 'any worker id';
  return `runs for ${runners}: a number is a worker id only before a description, as in ${role}_${looseNumber}_description`;
}

function policyOf(
  { path, relativePath }: PluginFile,
  name: string,
  { scripts, defaults }: PluginsConfig,
): PluginPolicy {
  const key = [name, relativePath, basename(path)].find((known) => Object.hasOwn(scripts, known));
  return (key === undefined ? undefined : scripts[key]) ?? defaults;
}

/** Policies of scripts that nobody has. */
function unknownScripts(
  { scripts }: PluginsConfig,
  found: readonly PluginFile[],
  names: UniqueNames,
): readonly string[] {
  const known = new Set(found.flatMap(({ path, relativePath }) => [relativePath, basename(path)]));
  return Object.keys(scripts)
    .filter((key) => !known.has(key) && !names.has(key))
    .map((key) => `plugins.scripts: there is no file "${key}" at the locations of plugins`);
}
