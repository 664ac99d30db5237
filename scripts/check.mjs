/** The static checks, two at a time; what a check printed is shown when it fails. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const CHECKS = {
  types: ['tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', '.cache/tsc/main.tsbuildinfo'],
  lint: [
    'eslint',
    '--cache',
    '--cache-location',
    '.cache/eslint/',
    '--cache-strategy',
    'content',
    '--max-warnings',
    '0',
    '.',
  ],
  format: [
    'prettier',
    '--check',
    '--log-level',
    'warn',
    '--cache',
    '--cache-location',
    '.cache/prettier',
    '.',
  ],
  arrows: ['depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'test', 'benchmarks', 'examples'],
  unused: ['knip', '--no-progress', '--cache', '--cache-location', '.cache/knip'],
};
const AT_A_TIME = 2;

function run(name, [command, ...args]) {
  const start = Date.now();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  const output = [];
  child.stdout.on('data', (bytes) => output.push(bytes));
  child.stderr.on('data', (bytes) => output.push(bytes));
  return new Promise((resolve) => {
    child.on('error', (error) => finish(error.message));
    child.on('close', (code) =>
      finish(code === 0 ? '' : Buffer.concat(output).toString().trim() || `exit code ${code}`),
    );

    function finish(failure) {
      const seconds = ((Date.now() - start) / 1000).toFixed(1);
      console.log(`${failure === '' ? 'ok  ' : 'FAIL'}  ${name.padEnd(7)} ${seconds.padStart(5)} s`);
      if (failure !== '') console.log(`${failure}\n`);
      resolve(failure === '');
    }
  });
}

async function worker(queue, results) {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.push(await run(...next));
}

mkdirSync('.cache', { recursive: true });
const only = process.argv.slice(2);
const queue = Object.entries(CHECKS).filter(([name]) => only.length === 0 || only.includes(name));
const results = [];
await Promise.all(Array.from({ length: AT_A_TIME }, () => worker(queue, results)));
if (results.includes(false)) process.exitCode = 1;
