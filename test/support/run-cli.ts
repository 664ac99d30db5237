import { main } from '../../src/cli.js';
import { type CliIo } from '../../src/cli/cli-io.interface.js';

export interface CliOutcome {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** Runs a command of `kvnest` in this process. */
export async function runCli(argv: readonly string[], env: CliIo['env'] = {}): Promise<CliOutcome> {
  let out = '';
  let err = '';
  const code = await main(argv, { env, out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}
