import { type Findings } from '../findings.js';
import { nearestName } from '../nearest-name.js';
import { settingPaths } from '../schema/setting-registry.js';
import { KvnestSettings } from '../settings/kvnest.settings.js';
import { LmcacheSettings } from '../settings/lmcache.settings.js';
import { type Assignment } from './assignment.js';
import { warnAboutKeysWithoutEffect } from './file.layer.js';
import { isWithoutEffect, LMCACHE_VARIABLES_OF_OTHER_PARTS } from './lmcache-keys.js';
import { readText } from './text.layer.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'KVNEST_';
const LMCACHE_PREFIX = 'LMCACHE_';
/** Read elsewhere: they steer no setting. */
const NO_SETTINGS = new Set(['KVNEST_CONFIG_FILE', 'KVNEST_NATIVE', 'KVNEST_SOAK']);
/** What a plugin script is told, which may start kvnest itself. */
const TOLD_TO_PLUGINS = /^KVNEST_(?:(?:HTTP|RESP|LM)_URL|TOKEN|PLUGIN_(?:NAME|CONFIG_FILE))$/;

/** `doors.http.port` → `KVNEST_DOORS_HTTP_PORT`. */
export function environmentName(path: string): string {
  return PREFIX + path.toUpperCase().replaceAll('.', '_');
}

/**
 * The settings of `KVNEST_*`, by the names of the schema. An empty variable counts as absent. Names that nobody knows
 * are warned about and never fail: Kubernetes injects `KVNEST_PORT` beside a service called kvnest.
 */
export function readEnvironmentLayer(env: Environment, findings: Findings): readonly Assignment[] {
  const settings = new Map(
    [...settingPaths(KvnestSettings)].map(([path, info]) => [environmentName(path), { path, info }] as const),
  );
  const unknown: string[] = [];
  const assignments: Assignment[] = [];
  for (const [name, text] of entriesWith(PREFIX, env)) {
    const setting = settings.get(name);
    if (setting !== undefined) {
      assignments.push(...readText({ ...setting, text, origin: name, source: 'environment' }, findings));
    } else if (!NO_SETTINGS.has(name) && !TOLD_TO_PLUGINS.test(name)) {
      const nearest = nearestName(name, settings.keys());
      unknown.push(nearest === undefined ? name : `${name} (did you mean ${nearest}?)`);
    }
  }
  if (unknown.length > 0) findings.warn(`environment variables that name no setting: ${unknown.join(', ')}`);
  return assignments;
}

/** The settings of `LMCACHE_*`; as with LMCache they count only when there is no file. */
export function readLmcacheEnvironmentLayer(
  env: Environment,
  hasFile: boolean,
  findings: Findings,
): readonly Assignment[] {
  const variables = entriesWith(LMCACHE_PREFIX, env).filter(
    ([name]) => !LMCACHE_VARIABLES_OF_OTHER_PARTS.test(name),
  );
  if (hasFile) {
    const names = variables.map(([name]) => name);
    if (names.length > 0)
      findings.warn(`ignored, because there is a configuration file: ${names.join(', ')}`);
    return [];
  }
  const settings = settingPaths(LmcacheSettings);
  const withoutEffect: string[] = [];
  const unknown: string[] = [];
  const assignments = variables.flatMap(([name, text]) => {
    const path = name.slice(LMCACHE_PREFIX.length).toLowerCase();
    const info = settings.get(path);
    if (info !== undefined) return readText({ path, info, text, origin: name, source: 'file' }, findings);
    (isWithoutEffect(path) ? withoutEffect : unknown).push(name);
    return [];
  });
  warnAboutKeysWithoutEffect(withoutEffect, 'environment', findings);
  if (unknown.length > 0) findings.warn(`environment variables that name no setting: ${unknown.join(', ')}`);
  return assignments;
}

/** Deeper settings first, so that switching a door off wins over its port. */
function entriesWith(prefix: string, env: Environment): readonly (readonly [string, string])[] {
  return Object.entries(env)
    .filter((entry): entry is [string, string] => entry[0].startsWith(prefix) && Boolean(entry[1]))
    .sort(([a], [b]) => b.length - a.length);
}
