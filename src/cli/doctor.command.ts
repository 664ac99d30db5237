import { isKvError } from '../common/errors/kv-error.js';
import { CONFIG_OPTIONS, type LoadedConfig } from '../config/load-config.js';
import { type CliCommand, type CliIo, EXIT_FAILURE, EXIT_OK } from './cli-io.interface.js';
import { type Check, type Diagnosis, fail, ok, warn } from './doctor/diagnosis.interface.js';
import { checkDisks } from './doctor/disk.check.js';
import { checkExternals } from './doctor/externals.check.js';
import { checkLimits } from './doctor/limits.check.js';
import { checkMemory } from './doctor/memory.check.js';
import { checkPlugins } from './doctor/plugins.check.js';
import { checkPorts } from './doctor/ports.check.js';
import { checkAddon, checkNode } from './doctor/runtime.check.js';
import { checkStores } from './doctor/stores.check.js';
import { checkTls } from './doctor/tls.check.js';
import { CONFIG_HELP, loadCliConfig } from './load-cli-config.js';
import { DEBUG_OPTION, parseOptions } from './parse-options.js';

const CHECKS: readonly Check[] = [
  checkAddon,
  checkMemory,
  checkDisks,
  checkStores,
  checkPorts,
  checkTls,
  checkLimits,
  checkExternals,
  checkPlugins,
];

/** `kvnest doctor`: whether this machine can run this configuration. */
export const doctorCommand: CliCommand = {
  help: `Usage: kvnest doctor [--config FILE] [--set KEY=VALUE]…

Looks at the machine, changes nothing, and says what to do. Exits with 1 when the server would not run.
Code that the configuration names is imported, and not used. Remote stores are connected to, as the server does.

${CONFIG_HELP}`,
  run,
};

async function run(args: readonly string[], io: CliIo): Promise<number> {
  parseOptions('doctor', args, { ...CONFIG_OPTIONS, ...DEBUG_OPTION });
  const diagnoses = [...checkNode(), ...(await diagnose(args, io))];
  for (const { level, finding, remedy } of diagnoses) {
    io.out(`${level.padEnd(4)}  ${finding}\n${remedy === undefined ? '' : `      → ${remedy}\n`}`);
  }
  return diagnoses.some(({ level }) => level === 'fail') ? EXIT_FAILURE : EXIT_OK;
}

async function diagnose(args: readonly string[], io: CliIo): Promise<readonly Diagnosis[]> {
  const loaded = tryLoad(args, io);
  if ('level' in loaded) return [loaded];
  const { config, sources, warnings } = loaded;
  const checked = await Promise.all(CHECKS.map(async (check) => check(config)));
  return [
    ok(`configuration: ${sources.file ?? 'defaults'}`),
    ...warnings.map((warning) => warn(warning, 'See docs/configuration.md.')),
    ...checked.flat(),
  ];
}

function tryLoad(args: readonly string[], io: CliIo): LoadedConfig | Diagnosis {
  try {
    return loadCliConfig(args, io);
  } catch (error) {
    if (!isKvError(error, 'KV_CONFIG_INVALID')) throw error;
    return fail(error.message, error.remedy ?? 'Mend the configuration.');
  }
}
