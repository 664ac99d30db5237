import { isKvError } from '../../common/errors/kv-error.js';
import { type DiscoveredPlugins } from '../../plugins/plugin-script.interface.js';
import { discoverPlugins } from '../../plugins/discovery/discover-plugins.js';
import { findSupervisor } from '../../plugins/process/supervisor-program.js';
import { type Check, type Diagnosis, fail, ok, warn } from './diagnosis.interface.js';

const REMEDY = 'See docs/plugins.md; "kvnest plugins list" shows every file.';

/** Whether the plugin scripts are there, and what runs them. They are not started. */
export const checkPlugins: Check = async ({ plugins }) => {
  if (plugins.locations.length === 0) return [];
  try {
    return diagnose(await discoverPlugins(plugins, process.env));
  } catch (error) {
    if (!isKvError(error)) throw error;
    return [fail(error.message, error.remedy ?? REMEDY)];
  }
};

function diagnose({ scripts, skipped, warnings }: DiscoveredPlugins): readonly Diagnosis[] {
  const wrong = skipped.filter(({ level }) => level !== 'debug');
  return [
    ok(`plugins: ${scripts.length} would run here`),
    ...(scripts.length > 0 ? checkSupervisor() : []),
    ...wrong.map(({ name, level, reason }) =>
      (level === 'error' ? fail : warn)(`plugin ${JSON.stringify(name)} ${reason}`, REMEDY),
    ),
    ...warnings.map((warning) => warn(`plugin ${warning}`, REMEDY)),
  ];
}

function checkSupervisor(): readonly Diagnosis[] {
  const { path, reason } = findSupervisor();
  if (path !== undefined) return [];
  return [
    warn(
      `plugins: their supervisor cannot be used (${reason ?? 'no reason given'})`,
      'Without it processes of plugins may outlive the server, and memory limits are not applied.',
    ),
  ];
}
