import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './fingerprint.mjs';
import { say } from './report.mjs';
import { pinnedNode, run, tail } from './run.mjs';

const PARTS = ['native/build/Release/kvnest_native.node', 'native/build/supervisor/kvnest-supervisor'];

/** Compiles the addon and the supervisor when their sources changed. Without a compiler the server runs without them. */
export function buildNativeParts() {
  if (!PARTS.every((part) => existsSync(join(ROOT, part)))) say('compiling the native parts');
  const result = run(pinnedNode(), ['scripts/build-native.mjs']);
  if (result.ok) return;
  say(
    'not everything native could be compiled. Without the addon kvnest is slower and shares no memory with other\n' +
      '    processes; without the supervisor plugins may outlive a server that is killed. On Debian: apt-get install build-essential python3. The last lines were:\n' +
      tail(result.output),
  );
}
