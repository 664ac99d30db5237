import { type ServerStatus } from '../modules/health/status.controller.js';
import { askServer, SERVER_HELP, SERVER_OPTIONS } from './ask-server.js';
import { type CliCommand, type CliIo, EXIT_OK } from './cli-io.interface.js';
import { formatStatus } from './format-status.js';
import { DEBUG_OPTION, parseOptions } from './parse-options.js';

const TIMEOUT_MS = 10_000;

/** `kvnest status`: what a running server says of itself. */
export const statusCommand: CliCommand = {
  help: `Usage: kvnest status [--url URL] [--token TOKEN] [--json]

Asks a running server for its tiers, budgets and counters.

${SERVER_HELP}  --debug         show the stack of errors
`,
  run,
};

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const options = parseOptions('status', args, { ...SERVER_OPTIONS, ...DEBUG_OPTION });
  const question = { method: 'GET', path: '/v1/status', timeoutMs: TIMEOUT_MS } as const;
  const status = (await askServer(question, options, io)) as ServerStatus;
  io.out(options.json ? `${JSON.stringify(status, null, 2)}\n` : formatStatus(status));
  return EXIT_OK;
}
