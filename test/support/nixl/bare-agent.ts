import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { resolve } from 'node:path';

const ADDON = resolve(import.meta.dirname, '../../../native/build/Release/kvnest_native.node');

/**
 * The addon alone in a process of its own, which starts an agent, prints `up` and ends.
 *
 * @param end how: by itself, after it closed the agent, or as code
 */
export function runBareAgent(
  library: string,
  end: 'by itself' | 'close' | `process.exit(${number})`,
  environment: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<string> {
  const ends = { 'by itself': '', close: 'agent.close()' }[end as string] ?? end;
  const code = `
    const addon = require(${JSON.stringify(ADDON)});
    const region = new addon.Region(-1, '', 1 << 20, 1 << 20);
    const agent = new addon.NixlAgent('alone', region.buffer, [${JSON.stringify(library)}], 4096, (kind) => {
      agent.keepAlive(false);
      if (kind !== 0) return;
      console.log('up');
      ${ends};
    });
    agent.keepAlive(true);
  `;
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env: environment });
}
