// Builds the supervisor of plugins into native/build, unless it is there already for these sources and this machine.
// One call of the compiler: no headers of Node, and a failure costs nothing but the supervisor.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = join(dirname(dirname(fileURLToPath(import.meta.url))), 'native');
const folder = join(native, 'build', 'supervisor');
const program = join(folder, 'kvnest-supervisor');
const stampFile = join(folder, 'stamp');

const FLAGS = '-std=c++20 -O2 -fno-exceptions -fno-rtti -Wall -Wextra -Wl,--as-needed';
/** Half the memory where the C library is there to be linked in. */
const LINKING = ['-static', ''];

function fingerprint(sources) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${FLAGS}`);
  for (const name of sources) hash.update(name).update(readFileSync(join(native, 'supervisor', name)));
  return hash.digest('hex');
}

/** @returns what the compiler said when it failed. */
function compile(sources, output) {
  let failure = '';
  for (const linking of LINKING) {
    const command = `${process.env.CXX ?? 'c++'} ${FLAGS} ${linking} ${sources.join(' ')} -o "$KVNEST_OUTPUT"`;
    const env = { ...process.env, KVNEST_OUTPUT: output };
    const result = spawnSync(command, {
      shell: true,
      cwd: join(native, 'supervisor'),
      env,
      encoding: 'utf8',
    });
    if (result.status === 0) return undefined;
    failure = `${result.stdout}${result.stderr}`;
  }
  return failure;
}

/** @returns {{ ok: boolean, message: string }} */
export function buildSupervisor() {
  if (process.platform !== 'linux') {
    return { ok: false, message: `The supervisor of plugins is for Linux, and this is ${process.platform}.` };
  }
  const sources = readdirSync(join(native, 'supervisor')).sort();
  const stamp = fingerprint(sources);
  if (existsSync(program) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    return { ok: true, message: 'The supervisor of plugins is up to date.' };
  }
  mkdirSync(folder, { recursive: true });
  // A running one cannot be written to, but replaced.
  const output = `${program}.${process.pid}`;
  const failure = compile(
    sources.filter((name) => name.endsWith('.cc')),
    output,
  );
  if (failure !== undefined) {
    rmSync(output, { force: true });
    return { ok: false, message: `The supervisor of plugins did not build:\n${failure}` };
  }
  renameSync(output, program);
  writeFileSync(stampFile, stamp);
  return { ok: true, message: 'The supervisor of plugins was built.' };
}
