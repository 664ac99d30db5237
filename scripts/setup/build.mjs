import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildTesting, TESTING_SOURCES } from './build-testing.mjs';
import { fingerprint, ROOT, Stamp } from './fingerprint.mjs';
import { say, SetupError } from './report.mjs';
import { run, tail } from './run.mjs';

const stamp = new Stamp('dist/.kvnest-built');

/** `nest build` when the sources changed. */
export function buildSources() {
  const inputs = [
    'src',
    ...TESTING_SOURCES,
    'nest-cli.json',
    'tsconfig.json',
    'tsconfig.build.json',
    '.swcrc',
    'package.json',
  ];
  const sources = fingerprint(inputs, { skip: (path) => path.endsWith('.spec.ts') });
  if (stamp.read() === sources && existsSync(join(ROOT, 'dist/cli.js'))) return;
  say('building');
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  const result = run('nest', ['build']);
  if (!result.ok || !existsSync(join(ROOT, 'dist/cli.js')))
    throw new SetupError(`nest build failed:\n${tail(result.output, 40)}`);
  buildTesting();
  stamp.write(sources);
}
