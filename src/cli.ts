import { reportError, usageError } from './cli/cli-error.js';
import { type CliIo, EXIT_OK } from './cli/cli-io.interface.js';
import { COMMANDS } from './cli/commands.js';
import { formatTable } from './cli/format-table.js';
import { PACKAGE_VERSION } from './common/package-version.js';
import { suggestion } from './config/nearest-name.js';

const processIo: CliIo = {
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
};

/**
 * The program `kvnest`.
 *
 * @param argv what follows the program's name
 * @returns the exit code: 0, 1 for failures, 2 for a wrong command line or configuration; undefined while a server runs
 */
export async function main(argv: readonly string[], io: CliIo = processIo): Promise<number | undefined> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    return reportError(error, io, argv.includes('--debug'));
  }
}

async function dispatch([name, ...args]: readonly string[], io: CliIo): Promise<number | undefined> {
  if (name === '--version' || name === '-v') return print(`${PACKAGE_VERSION}\n`, io);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return print(help(), io);
  const entry = COMMANDS.find((known) => known.name === name);
  if (entry === undefined) {
    const names = COMMANDS.map((known) => known.name);
    throw usageError(`there is no command "${name}"${suggestion(name, names)}`, 'Run "kvnest --help".');
  }
  const command = await entry.load();
  if (args.includes('--help') || args.includes('-h')) return print(command.help, io);
  return command.run(args, io);
}

function print(text: string, io: CliIo): number {
  io.out(text);
  return EXIT_OK;
}

function help(): string {
  const commands = formatTable(COMMANDS.map(({ name, summary }) => [`  ${name}`, summary]));
  return `kvnest ${PACKAGE_VERSION}: a tiered KV-cache server for LLM inference

Usage: kvnest <command> [options]

${commands}
Run "kvnest <command> --help" for its options. docs/configuration.md describes every setting.
`;
}
