import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, Stamp } from './fingerprint.mjs';
import { peerFolder } from './peer-folder.mjs';
import { say, SetupError } from './report.mjs';
import { run, tail } from './run.mjs';

const FOLDER = peerFolder('nixl');
const REQUIREMENTS = 'test/support/nixl/requirements.txt';
const LIBRARY = '.nixl_cu12.mesonpy.libs/libnixl_capi.so';
/** As large as all the rest: GPU kernels for mixtures of experts, and second copies of the plugins. */
const NOT_NEEDED = ['nixl_ep_cu12', 'nixl_cu12.libs/nixl'];
const stamp = new Stamp(`${FOLDER}/.kvnest-installed`);

/**
 * The NIXL that the tests load, and its Python agent, which is a peer of theirs: a wheel for CPython 3.11 to 3.14 that
 * needs no GPU, pinned by its hash. It names torch and does without.
 */
export function prepareNixl() {
  const wanted = fingerprint([REQUIREMENTS, 'scripts/setup/nixl.mjs']);
  if (stamp.read() === wanted && existsSync(join(packages(), LIBRARY))) return;
  if (process.platform !== 'linux') {
    say('there is no NIXL for this machine; tests that need it are skipped');
    return;
  }
  say('installing the NIXL of the tests');
  const failure = install();
  if (failure === undefined) return stamp.write(wanted);
  const message = `the NIXL of the tests could not be installed:\n${failure}`;
  if (process.env.CI === 'true') throw new SetupError(message);
  say(`${message}\n    Tests that need it are skipped.`);
}

function install() {
  rmSync(FOLDER, { recursive: true, force: true });
  const created = run('python3', ['-m', 'venv', FOLDER]);
  if (!created.ok) return tail(created.output, 5);
  const options = [
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
  ];
  const installed = run(`${FOLDER}/bin/python`, ['-m', 'pip', 'install', ...options, '-r', REQUIREMENTS]);
  if (!installed.ok) return tail(installed.output, 5);
  for (const name of NOT_NEEDED) rmSync(join(packages(), name), { recursive: true, force: true });
  return undefined;
}

/** The folder of Python's packages. */
function packages() {
  const lib = join(FOLDER, 'lib');
  const [python = ''] = existsSync(lib) ? readdirSync(lib) : [];
  return join(lib, python, 'site-packages');
}
