import { type Findings } from '../findings.js';
import { suggestion } from '../nearest-name.js';
import { insideOpenMapping, settingPaths } from '../schema/setting-registry.js';
import { KvnestSettings } from '../settings/kvnest.settings.js';
import { type Assignment } from './assignment.js';
import { isWithoutEffect } from './lmcache-keys.js';
import { readText } from './text.layer.js';

/** The settings of `--set key=value`, in order: a later one wins. */
export function readCommandLineLayer(sets: readonly string[], findings: Findings): readonly Assignment[] {
  const settings = settingPaths(KvnestSettings);
  return sets.flatMap((set) => {
    const equals = set.indexOf('=');
    if (equals < 1) {
      findings.problem('', 'must be written key=value, such as doors.http.port=8081', `--set ${set}`);
      return [];
    }
    const path = set.slice(0, equals);
    const text = set.slice(equals + 1);
    const origin = `--set ${path}`;
    const info = settings.get(path) ?? insideOpenMapping(path, settings);
    if (info !== undefined) return readText({ path, info, text, origin, source: 'command line' }, findings);
    if (isWithoutEffect(path)) findings.warn(`${origin}: an LMCache setting without effect in kvnest`);
    else findings.problem(path, `is not a setting${suggestion(path, settings.keys())}`, origin);
    return [];
  });
}
