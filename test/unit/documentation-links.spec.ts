import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PAGES, ROOT } from '../support/documentation-pages.js';

const LINK = /\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)/g;

/** The anchors of a page, as GitHub makes them of headings. */
function anchorsOf(path: string): readonly string[] {
  const headings = readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm);
  return Array.from(headings, ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(page: string, target: string, anchor: string | undefined): boolean {
  const path = target === '' ? join(ROOT, page) : join(ROOT, dirname(page), target);
  if (!existsSync(path)) return true;
  return anchor !== undefined && !anchorsOf(path).includes(anchor);
}

describe('links between pages', () => {
  it.each(PAGES)('of %s lead somewhere', (page) => {
    const links = Array.from(readFileSync(join(ROOT, page), 'utf8').matchAll(LINK));
    const broken = links.filter(([, target = '', anchor]) => isBroken(page, target, anchor));
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});
