import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, ROOT, Stamp } from './fingerprint.mjs';
import { say } from './report.mjs';
import { pinnedNode, run, tail } from './run.mjs';

const BUILDER = 'scripts/build-native.mjs';
const ADDON = 'native/build/Release/kvnest_native.node';
const stamp = new Stamp('native/build/.kvnest-built');

/** Compiles the addon when its sources changed. Without a compiler the server runs on its TypeScript fallback. */
export function buildAddon() {
  const buildFolder = join(ROOT, 'native/build');
  const sources = fingerprint(['native', BUILDER, 'node_modules/node-addon-api/package.json'], {
    skip: (path) => path.startsWith(buildFolder),
  });
  if (stamp.read() === sources && existsSync(join(ROOT, ADDON))) return;
  say('compiling the native addon');
  const result = run(pinnedNode(), [BUILDER]);
  if (result.ok) return stamp.write(sources);
  say(
    'the native addon could not be compiled, so kvnest uses its TypeScript fallback: slower, and no memory shared\n' +
      '    with other processes. On Debian: apt-get install build-essential python3. The last lines were:\n' +
      tail(result.output),
  );
}
