import { constants } from 'node:os';
import { type PluginExit, type PluginStatus } from '../../plugins/plugin-status.interface.js';
import { type MetricDefinition } from './engine-metrics.js';

/** As shells count: 128 and the number of the signal. */
const SIGNALLED = 128;

const plugin = (
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  value: (status: PluginStatus) => number | undefined,
): MetricDefinition<readonly PluginStatus[]> => ({
  name: `kvnest_plugin_${name}`,
  help,
  type,
  labels: ['plugin'],
  read: (plugins) =>
    plugins.flatMap((status) => {
      const number = value(status);
      return number === undefined ? [] : [{ labels: { plugin: status.name }, value: number }];
    }),
});

/** What plugin scripts do. */
export const PLUGIN_METRICS: readonly MetricDefinition<readonly PluginStatus[]>[] = [
  plugin('up', 'gauge', '1 while the plugin runs and is ready', ({ state }) => Number(state === 'running')),
  plugin('restarts_total', 'counter', 'Starts of the plugin after its first', ({ restarts }) => restarts),
  plugin(
    'last_exit_code',
    'gauge',
    'Exit code of its last process; 128 + n for signal n',
    ({ lastExit }) => lastExit && exitCode(lastExit),
  ),
  plugin(
    'dropped_bytes_total',
    'counter',
    'Output of the plugin that was dropped, being too much',
    ({ droppedBytes }) => droppedBytes,
  ),
  plugin(
    'dropped_lines_total',
    'counter',
    'Lines of the plugin that were dropped, being too many',
    ({ droppedLines }) => droppedLines,
  ),
];

function exitCode({ code, signal }: PluginExit): number | undefined {
  if (signal === undefined) return code;
  return SIGNALLED + ((constants.signals as Partial<Record<string, number>>)[signal] ?? 0);
}
