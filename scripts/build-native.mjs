// Builds the native addon into native/build, unless it is there already for these sources and this Node, and the
// supervisor of plugins. Exit code 1 when one cannot be built: kvnest then runs without it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSupervisor } from './build-supervisor.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(root, 'native');
const stampFile = join(native, 'build', 'kvnest-stamp');
const addonFile = join(native, 'build', 'Release', 'kvnest_native.node');
const require = createRequire(import.meta.url);

function fingerprint() {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}`);
  const sources = readdirSync(join(native, 'src'), { recursive: true })
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort();
  for (const file of ['binding.gyp', ...sources.map((name) => join('src', name))]) {
    hash.update(file).update(readFileSync(join(native, file)));
  }
  return hash.digest('hex');
}

/** The npm package that carries this platform's Node carries its headers, too. */
function headersOption() {
  try {
    const home = dirname(require.resolve(`node-${process.platform}-${process.arch}/package.json`));
    return existsSync(join(home, 'include', 'node', 'node_api.h')) ? [`--nodedir=${home}`] : [];
  } catch {
    return [];
  }
}

function hasCompiler() {
  return spawnSync(`${process.env.CXX ?? 'c++'} --version`, { shell: true }).status === 0;
}

/** @returns {{ ok: boolean, built?: boolean, message: string }} */
export function buildNative() {
  if (process.platform !== 'linux') {
    return {
      ok: false,
      message: `The native addon is for Linux; on ${process.platform} kvnest runs on its TypeScript arena.`,
    };
  }
  const stamp = fingerprint();
  if (existsSync(addonFile) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    return { ok: true, built: false, message: 'The native addon is up to date.' };
  }
  if (!hasCompiler()) {
    return {
      ok: false,
      message:
        'No C++ compiler was found: kvnest runs on its TypeScript arena, and slower.\n' +
        'On Debian or Ubuntu: apt-get install g++ make python3, then run this again.',
    };
  }
  const gyp = require.resolve('node-gyp/bin/node-gyp.js');
  const result = spawnSync(process.execPath, [gyp, 'rebuild', ...headersOption()], {
    cwd: native,
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    return {
      ok: false,
      message: `The native addon did not build:\n${result.stdout ?? ''}${result.stderr ?? ''}`,
    };
  }
  writeFileSync(stampFile, stamp);
  return { ok: true, built: true, message: 'The native addon was built.' };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // The addon's build empties the folder of both.
  for (const build of [buildNative, buildSupervisor]) {
    const { ok, message } = build();
    console[ok ? 'log' : 'error'](message);
    if (!ok) process.exitCode = 1;
  }
}
