import { resolve } from 'node:path';
import { type Findings } from '../findings.js';
import { type PluginPolicy, type PluginsConfig } from '../kvnest-config.interface.js';
import { isTree } from '../layers/mapping-reader.js';
import { readSection } from '../read-section.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { PluginPolicySettings } from '../settings/plugin.settings.js';

/** The plugin scripts: where they are looked for, who this process is to them, and how they are run. */
export function buildPlugins(settings: KvnestSettings, cwd: string, findings: Findings): PluginsConfig {
  const { scripts, ...defaults } = settings.plugins;
  if (settings.worker_id >= settings.worker_count) {
    findings.problem('worker_id', `must be less than worker_count, which is ${settings.worker_count}`);
  }
  return {
    ...buildLocations(settings, cwd, findings),
    role: settings.role,
    workerId: settings.worker_id,
    workerCount: settings.worker_count,
    extraConfig: settings.runtime_plugin_extra_config,
    defaults: buildPolicy(defaults, 'plugins', findings),
    scripts: Object.fromEntries(
      Object.entries(scripts).map(([name, given]) => [name, scriptPolicy(defaults, name, given, findings)]),
    ),
  };
}

function buildLocations(
  settings: KvnestSettings,
  cwd: string,
  findings: Findings,
): Pick<PluginsConfig, 'locations' | 'locationsKey'> {
  const { runtime_plugin_locations: current, plugin_locations: old } = settings;
  if (current !== undefined && old !== undefined && current.join() !== old.join()) {
    findings.warn(
      'plugin_locations is the old name of runtime_plugin_locations, which is given, too, and wins',
    );
  }
  const locationsKey =
    current === undefined && old !== undefined ? 'plugin_locations' : 'runtime_plugin_locations';
  return { locations: (current ?? old ?? []).map((path) => resolve(cwd, path)), locationsKey };
}

function scriptPolicy(
  defaults: PluginPolicySettings,
  name: string,
  given: unknown,
  findings: Findings,
): PluginPolicy {
  const path = `plugins.scripts.${name}`;
  if (!isTree(given ?? {})) findings.problem(path, 'must be a mapping of keys, such as {restart: never}');
  const own = isTree(given) ? Object.entries(given).filter(([, value]) => value !== null) : [];
  const all = Object.fromEntries([...Object.entries(defaults), ...own]);
  const { section, problems } = readSection(PluginPolicySettings, path, all);
  for (const problem of problems) findings.problem(problem.path, problem.message);
  return buildPolicy(section, path, problems.length === 0 ? findings : undefined);
}

/** @param findings undefined where the settings are known to be wrong. */
function buildPolicy(
  policy: PluginPolicySettings,
  path: string,
  findings: Findings | undefined,
): PluginPolicy {
  if (policy.backoff_ms > policy.backoff_max_ms) {
    findings?.problem(
      `${path}.backoff_ms`,
      `must not be above backoff_max_ms, which is ${policy.backoff_max_ms}`,
    );
  }
  return {
    restart: policy.restart,
    maxRestarts: policy.max_restarts,
    restartWindowMs: policy.restart_window_ms,
    backoffMs: policy.backoff_ms,
    backoffMaxMs: policy.backoff_max_ms,
    startTimeoutMs: policy.start_timeout_ms,
    stopTimeoutMs: policy.stop_timeout_ms,
    heartbeatMs: policy.heartbeat_ms,
    nice: policy.nice,
    memoryBytes: policy.memory,
    maxLineBytes: policy.max_line,
    maxOutputBytesPerSecond: policy.max_output_per_second,
    passEnvironment: policy.pass_environment,
  };
}
