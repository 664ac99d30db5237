import { type PluginExit, type PluginStatus } from '../plugins/plugin-status.interface.js';
import { formatDuration } from './format-duration.js';
import { formatTable } from './format-table.js';

const NOTHING = '-';
const MAX_LINE_CHARACTERS = 60;

/** Plugin scripts of a running server as a table for people. */
export function formatPluginStatus(plugins: readonly PluginStatus[]): string {
  if (plugins.length === 0) return 'no plugins run there\n';
  return formatTable([
    ['PLUGIN', 'ROLE', 'STATE', 'PID', 'UP', 'RESTARTS', 'LAST EXIT', 'LAST LINE'],
    ...plugins.map(row),
  ]);
}

function row({
  name,
  role,
  state,
  pid,
  uptimeSeconds,
  restarts,
  lastExit,
  lastLines,
}: PluginStatus): string[] {
  const line = lastLines.at(-1) ?? '';
  return [
    name,
    role,
    state,
    pid === undefined ? NOTHING : String(pid),
    uptimeSeconds === undefined ? NOTHING : formatDuration(uptimeSeconds),
    String(restarts),
    lastExit === undefined ? NOTHING : exit(lastExit),
    line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)}…` : line,
  ];
}

function exit({ code, signal, reason }: PluginExit): string {
  const how = signal ?? (code === undefined ? undefined : String(code));
  return [how, reason].filter((part) => part !== undefined).join(', ');
}
