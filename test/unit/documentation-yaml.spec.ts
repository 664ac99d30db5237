import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCliConfig } from '../../src/cli/load-cli-config.js';
import { PAGES, ROOT } from '../support/documentation-pages.js';

/** A block is a file; a comment on a line of its own parts it into several, which are alternatives. */
function filesIn(page: string): readonly string[] {
  const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```/gm);
  return Array.from(blocks, ([, block = '']) => block.split(/^#.*\n/m))
    .flat()
    .filter((file) => file.trim() !== '');
}

const FILES = PAGES.flatMap((page) => filesIn(page).map((yaml, index) => [page, index + 1, yaml] as const));

describe('examples of configuration', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvnest-docs-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(FILES)('of %s are right as they stand, number %i', (_, __, yaml) => {
    const file = join(folder, 'kvnest.yaml');
    writeFileSync(file, yaml);
    const { warnings } = loadCliConfig(['--config', file], { env: {}, out: fail, err: fail });
    expect(warnings).toEqual([]);
  });
});

function fail(text: string): never {
  throw new Error(text);
}
