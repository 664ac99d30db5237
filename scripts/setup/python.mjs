import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, ROOT, Stamp } from './fingerprint.mjs';
import { say, SetupError } from './report.mjs';
import { run, tail } from './run.mjs';
import { install } from './system-packages.mjs';

const VENV = '.cache/venv';
const REQUIREMENTS = 'requirements-test.txt';
const stamp = new Stamp(`${VENV}/.kvnest-installed`);

/** A private environment with the Python clients that the tests speak to the server with. */
export function preparePython() {
  const wanted = fingerprint([REQUIREMENTS]);
  if (stamp.read() === wanted && existsSync(join(ROOT, VENV, 'bin/python'))) return;
  say('installing the Python packages of the tests');
  const failure = createVenv() ?? installRequirements();
  if (failure === undefined) return stamp.write(wanted);
  const message = `the Python packages of the tests could not be installed:\n${failure}`;
  if (process.env.CI === 'true') throw new SetupError(message);
  say(`${message}\n    Tests that need them will fail.`);
}

/** Debian keeps the half of venv that brings pip in a package of its own. */
function createVenv() {
  rmSync(join(ROOT, VENV), { recursive: true, force: true });
  const create = () => run('python3', ['-m', 'venv', VENV]);
  if (create().ok) return undefined;
  install(['python3-venv']);
  rmSync(join(ROOT, VENV), { recursive: true, force: true });
  const result = create();
  return result.ok ? undefined : tail(result.output, 5);
}

function installRequirements() {
  const pip = join(ROOT, VENV, 'bin/pip');
  const result = run(pip, ['install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]);
  return result.ok ? undefined : tail(result.output, 5);
}
