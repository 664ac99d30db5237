import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './fingerprint.mjs';
import { say } from './report.mjs';
import { pinnedNode, run, tail } from './run.mjs';

const ADDON = 'native/build/Release/kvnest_native.node';

/** Compiles the addon when its sources changed. Without a compiler the server runs on its TypeScript fallback. */
export function buildAddon() {
  if (!existsSync(join(ROOT, ADDON))) say('compiling the native addon');
  const result = run(pinnedNode(), ['scripts/build-native.mjs']);
  if (result.ok) return;
  say(
    'the native addon could not be compiled, so kvnest uses its TypeScript fallback: slower, and no memory shared\n' +
      '    with other processes. On Debian: apt-get install build-essential python3. The last lines were:\n' +
      tail(result.output),
  );
}
