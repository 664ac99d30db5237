import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { say, SetupError } from './report.mjs';
import { run, tail } from './run.mjs';

/** What the tests run beside the server: a program, and the Debian package that brings it. */
const PROGRAMS = {
  nginx: 'nginx-light',
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  'redis-benchmark': 'redis-tools',
  openssl: 'openssl',
};

/** Installs what is missing, where that is allowed; under CI nothing may stay missing. */
export function installSystemPackages() {
  const packages = missingPackages();
  if (packages.length === 0) return;
  say(`installing ${packages.join(', ')}`);
  const failure = install(packages);
  if (failure === undefined && missingPackages().length === 0) return;
  const message = `${packages.join(', ')} could not be installed (${failure ?? 'the programs are still missing'})`;
  if (process.env.CI === 'true') throw new SetupError(message);
  say(`${message}; tests that need them are skipped. Run: apt-get install ${packages.join(' ')}`);
}

function missingPackages() {
  const missing = Object.entries(PROGRAMS).filter(
    ([program]) => !run('sh', ['-c', `command -v ${program}`]).ok,
  );
  return [...new Set(missing.map(([, name]) => name))];
}

/** @returns why it failed, or undefined. */
export function install(packages) {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args];
    return run(command, rest);
  };
  return withoutStartingServices(() => {
    const wanted = ['install', '-y', '--no-install-recommends', ...packages];
    if (apt(...wanted).ok) return undefined;
    apt('update');
    const result = apt(...wanted);
    return result.ok ? undefined : tail(result.output, 3).trim();
  });
}

/** Debian starts a service when its package is installed, unless this file says no. */
function withoutStartingServices(body) {
  const policy = '/usr/sbin/policy-rc.d';
  const write = process.getuid?.() === 0 && !existsSync(policy);
  if (write) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return body();
  } finally {
    if (write) rmSync(policy, { force: true });
  }
}
