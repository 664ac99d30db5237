import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, Stamp } from './fingerprint.mjs';
import { peerFolder } from './peer-folder.mjs';
import { say, SetupError } from './report.mjs';
import { run, tail } from './run.mjs';
import { install } from './system-packages.mjs';

const FOLDER = peerFolder('mooncake');
const SOURCES = 'test/support/mooncake';
/** The newest whose wheel runs without CUDA's libraries, and one that is spoken to in another way. */
const RELEASES = ['0.3.13', '0.3.12'];
/** What its programs are linked against, and the Debian package that brings it. */
const LIBRARIES = {
  'libibverbs.so.1': 'libibverbs1',
  'libnuma.so.1': 'libnuma1',
  'libcurl.so.4': 'libcurl4',
};
const requirementsOf = (release) => `${SOURCES}/requirements-${release}.txt`;
const stamp = new Stamp(`${FOLDER}/.kvnest-installed`);

/**
 * The Mooncake master, the owner of memory beside it and its Python client that the tests run: two releases, each in an
 * environment of its own, every package pinned. There are wheels for Linux on x86-64, and for CPython 3.10 to 3.13.
 */
export function prepareMooncake() {
  const wanted = fingerprint([...RELEASES.map(requirementsOf), 'scripts/setup/mooncake.mjs']);
  if (stamp.read() === wanted && RELEASES.every((release) => existsSync(pythonOf(release)))) return;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    say('there is no Mooncake for this machine; tests that need it are skipped');
    return;
  }
  say('installing the Mooncake of the tests');
  const failure = installLibraries() ?? installReleases();
  if (failure === undefined) return stamp.write(wanted);
  const message = `the Mooncake of the tests could not be installed:\n${failure}`;
  if (process.env.CI === 'true') throw new SetupError(message);
  say(`${message}\n    Tests that need it are skipped.`);
}

function pythonOf(release) {
  return join(FOLDER, release, 'bin/python');
}

function installLibraries() {
  const { output } = run('sh', ['-c', 'PATH=$PATH:/sbin:/usr/sbin ldconfig -p']);
  const missing = Object.entries(LIBRARIES).filter(([library]) => !output.includes(library));
  return missing.length === 0 ? undefined : install(missing.map(([, name]) => name));
}

/** Without dependencies: the wheels name what only their HTTP servers use. */
function installReleases() {
  for (const release of RELEASES) {
    const folder = `${FOLDER}/${release}`;
    rmSync(folder, { recursive: true, force: true });
    const created = run('python3', ['-m', 'venv', folder]);
    if (!created.ok) return tail(created.output, 5);
    const arguments_ = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
    const installed = run(pythonOf(release), [...arguments_, '-r', requirementsOf(release)]);
    if (!installed.ok) return tail(installed.output, 5);
    makeExecutable(folder);
  }
  return undefined;
}

/** The wheel leaves that to its scripts, which the tests do without. */
function makeExecutable(folder) {
  const lib = join(folder, 'lib');
  for (const python of readdirSync(lib)) {
    const programs = join(lib, python, 'site-packages/mooncake');
    for (const name of ['mooncake_master', 'mooncake_client']) chmodSync(join(programs, name), 0o755);
  }
}
