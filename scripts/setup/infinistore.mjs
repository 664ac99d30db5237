import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, Stamp } from './fingerprint.mjs';
import { peerFolder } from './peer-folder.mjs';
import { say, SetupError } from './report.mjs';
import { run, tail } from './run.mjs';

const SOURCES = 'test/support/infinistore';
const FOLDER = peerFolder('infinistore');
const STUB = `${FOLDER}/verbs-stub.so`;
const PYTHON = `${FOLDER}/venv/bin/python`;
/** A server on it ends at the first request: a test wants to see that. */
const UVLOOP_TOO_NEW = { version: '0.23.0', folder: `${FOLDER}/uvloop-too-new` };
const stamp = new Stamp(`${FOLDER}/.kvnest-installed`);

/**
 * The InfiniStore server that the tests run: the wheel in an environment of its own, every package pinned, and the stub
 * that stands in for the RDMA device without which it does not start. There are wheels for Linux on x86-64 only.
 */
export function prepareInfinistore() {
  const wanted = fingerprint([SOURCES, 'scripts/setup/infinistore.mjs']);
  if (stamp.read() === wanted && existsSync(PYTHON) && existsSync(STUB)) return;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    say('there is no InfiniStore server for this machine; tests that need it are skipped');
    return;
  }
  say('installing the InfiniStore server of the tests');
  const failure = compileStub() ?? installServer();
  if (failure === undefined) return stamp.write(wanted);
  const message = `the InfiniStore server of the tests could not be installed:\n${failure}`;
  if (process.env.CI === 'true') throw new SetupError(message);
  say(`${message}\n    Tests that need it are skipped.`);
}

/** Its name is what the wheel asks for, and the map gives its symbols the versions that it asks for. */
function compileStub() {
  mkdirSync(FOLDER, { recursive: true });
  const link = ['-shared', '-fPIC', '-Wl,-soname,libibverbs.so.1'];
  const map = `-Wl,--version-script=${SOURCES}/verbs-stub.map`;
  const result = run('gcc', ['-O2', ...link, map, '-o', STUB, `${SOURCES}/verbs-stub.c`, '-ldl']);
  return result.ok ? undefined : tail(result.output, 5);
}

/** Without dependencies, because the wheel names torch and does without; the list has those that it needs. */
function installServer() {
  rmSync(join(FOLDER, 'venv'), { recursive: true, force: true });
  const created = run('python3', ['-m', 'venv', `${FOLDER}/venv`]);
  if (!created.ok) return tail(created.output, 5);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  const packages = run(PYTHON, [...install, '-r', `${SOURCES}/requirements.txt`]);
  if (!packages.ok) return tail(packages.output, 5);
  const { version, folder } = UVLOOP_TOO_NEW;
  const uvloop = run(PYTHON, [...install, '--upgrade', '--target', folder, `uvloop==${version}`]);
  return uvloop.ok ? undefined : tail(uvloop.output, 5);
}
