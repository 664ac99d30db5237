import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { resolve } from 'node:path';

const ADDON = resolve(import.meta.dirname, '../../../native/build/Release/kvnest_native.node');

type End = 'by itself' | 'close' | `process.exit(${number})`;

/**
 * Code that starts an agent with the addon alone, prints `starting` and `up`, and ends.
 *
 * @param end how: by itself, after it closed the agent, or as code
 */
export function bareAgentCode(library: string, end: End, first = ''): string {
  const ends = { 'by itself': '', close: 'agent.close()' }[end as string] ?? end;
  return `
    ${first}
    const addon = require(${JSON.stringify(ADDON)});
    const region = new addon.Region(-1, '', 1 << 20, 1 << 20);
    const agent = new addon.NixlAgent('alone', region.buffer, [${JSON.stringify(library)}], 4096, 4096, (kind) => {
      agent.keepAlive(false);
      if (kind !== 0) return;
      console.log('up');
      ${ends};
    });
    agent.keepAlive(true);
    console.log('starting');
  `;
}

/** Runs it in a process of its own. */
export function runBareAgent(
  library: string,
  end: End,
  environment: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, ['-e', bareAgentCode(library, end)], {
    encoding: 'utf8',
    env: environment,
  });
}
