import { type PluginsConfig } from '../config/kvnest-config.interface.js';
import {
  type DiscoveredPlugins,
  type PluginScript,
  type SkippedFile,
} from '../plugins/plugin-script.interface.js';
import { formatTable } from './format-table.js';

const NOTHING = '-';

/** What discovery found, as a table for people: what runs here, then what does not. */
export function formatPlugins(
  { locations, role, workerId, workerCount }: PluginsConfig,
  { scripts, skipped }: DiscoveredPlugins,
): string {
  if (locations.length === 0) return 'no plugins: runtime_plugin_locations is not set\n';
  const roles = role === 'all' ? 'scheduler and worker' : role;
  const rows = [
    ...scripts.map((script) => [...namePart(script), script.runsAs, script.command.map(quoted).join(' ')]),
    ...skipped.map((file) => [...skippedNamePart(file), 'no', whyNot(file)]),
  ];
  return `${formatTable([['PLUGIN', 'ROLE', 'WORKER', 'RUNS AS', 'COMMAND, OR WHY NOT'], ...rows])}
this process: ${roles}, worker ${workerId} of ${workerCount}; ${scripts.length} of ${rows.length} files run
`;
}

function namePart({ name, role, workerId }: PluginScript): string[] {
  return [quoted(name), role, workerId === undefined ? 'any' : String(workerId)];
}

function skippedNamePart({ name, script }: SkippedFile): string[] {
  return script === undefined ? [quoted(name), NOTHING, NOTHING] : namePart(script);
}

function whyNot({ reason, level, script }: SkippedFile): string {
  const command = script === undefined ? '' : ` (${script.command.map(quoted).join(' ')})`;
  return `${level === 'error' ? 'error: ' : ''}${reason}${command}`;
}

/** As a shell would have to be told it; control characters do not reach the terminal. */
function quoted(word: string): string {
  return /^[\p{L}\p{N}@%+=:,./_#~-]+$/u.test(word) ? word : JSON.stringify(word);
}
