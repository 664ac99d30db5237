import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const CODE = /'(KV_[A-Z]+(?:_[A-Z]+)*)'/g;
const DOCUMENTED = /`(KV_[A-Z]+(?:_[A-Z]+)*)`/g;

function codesIn(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([, code = '']) => code);
}

function codesOfTheSource(): ReadonlySet<string> {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
  return new Set(sources.flatMap((name) => codesIn(readFileSync(join(ROOT, 'src', name), 'utf8'), CODE)));
}

describe('docs/errors.md', () => {
  const documented = codesIn(readFileSync(join(ROOT, 'docs/errors.md'), 'utf8'), DOCUMENTED);

  it('has every code of the source, and no other', () => {
    expect([...new Set(documented)].sort()).toEqual([...codesOfTheSource()].sort());
  });

  it('explains every code of the HTTP API', () => {
    const api = codesIn(readFileSync(join(ROOT, 'docs/http-api.md'), 'utf8'), DOCUMENTED);
    expect(api.length).toBeGreaterThan(20);
    expect(documented).toEqual(expect.arrayContaining(api));
  });
});
