import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './fingerprint.mjs';
import { SetupError } from './report.mjs';
import { run, tail } from './run.mjs';

/** What `kvnest/testing` is made of. */
export const TESTING_SOURCES = ['test/contracts', 'test/support/clock.ts', 'test/support/seeded-random.ts'];

const OUT = 'dist/testing';
const SOURCE_IMPORT = /(from ["'](?:\.\.\/)+)src\//g;

/**
 * Compiles the contract suites beside the server they test. `test` lies beside `src` as `testing` lies beside what
 * was `src`, so imports only lose the name of that folder.
 */
export function buildTesting() {
  const result = run('swc', [
    ...TESTING_SOURCES,
    '--out-dir',
    OUT,
    '--strip-leading-paths',
    '--config-file',
    '.swcrc',
  ]);
  if (!result.ok) throw new SetupError(`the contract suites do not compile:\n${tail(result.output, 40)}`);
  for (const name of readdirSync(join(ROOT, OUT), { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const file = join(ROOT, OUT, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(SOURCE_IMPORT, '$1'));
  }
}
