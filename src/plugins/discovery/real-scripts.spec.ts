import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../config/load-config.js';
import { discoverPlugins } from './discover-plugins.js';

const root = mkdtempSync(join(tmpdir(), 'kvnest real scripts-'));

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const PYTHON = 'import sys\nprint("python", sys.flags.dev_mode, flush=True)\n';

/** Scripts as people write them, and what they print when they run. */
const SCRIPTS: Readonly<Record<string, readonly [text: string, prints: string]>> = {
  'plain.py': [PYTHON, 'python False\n'],
  'env.py': [`#!/usr/bin/env python3\n${PYTHON}`, 'python False\n'],
  'split.py': [`#!/usr/bin/env -S python3 -X dev\n${PYTHON}`, 'python True\n'],
  'not split.py': [`#!/usr/bin/env python3 -X dev\n${PYTHON}`, 'python True\n'],
  'windows.py': [`#!/usr/bin/env python3\n${PYTHON}`.replaceAll('\n', '\r\n'), 'python False\n'],
  'mark.py': [`\uFEFF#!/usr/bin/env python3\n${PYTHON}`, 'python False\n'],
  'moved.py': [`#!/opt/no/such/venv/bin/python\n${PYTHON}`, 'python False\n'],
  'plain.sh': ['echo "bash ${BASH_VERSION:+yes}"\n', 'bash yes\n'],
  'strict.sh': ['#!/bin/bash -e -u\nfalse\necho not here\n', ''],
  'assigned.sh': ['#!/usr/bin/env -S WORD="two words" sh\necho "$WORD"\n', 'two words\n'],
  'clean.sh': ['#!/usr/bin/env -i sh\necho "${HOME:-clean}"\n', 'clean\n'],
  'no extension': ['#!/bin/sh\necho "$0"\n', `${join(root, 'no extension')}\n`],
  'plain.js': ['console.log(typeof require)\n', 'function\n'],
  'module.mjs': ['console.log(typeof import.meta)\n', 'object\n'],
  'mark.mjs': ['\uFEFFconsole.log(1)\n', '1\n'],
  'typed.ts': ['const one: number = 1;\nconsole.log(one);\n', '1\n'],
};

describe('scripts as people write them', () => {
  for (const [name, [text]] of Object.entries(SCRIPTS)) writeFileSync(join(root, name), text);
  copyFileSync('/bin/true', join(root, 'program'));
  chmodSync(join(root, 'program'), 0o755);

  it.each([...Object.entries(SCRIPTS), ['program', ['', '']] as const])(
    '%s runs',
    async (name, [, prints]) => {
      const set = `plugin_locations=${JSON.stringify([join(root, name)])}`;
      const { config } = loadConfig({ argv: ['--set', set], env: {} });
      const { scripts } = await discoverPlugins(config.plugins, process.env);
      const [program, ...parameters] = scripts[0]?.command ?? [''];
      let out: string;
      try {
        out = execFileSync(program, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      } catch (error) {
        out = (error as { readonly stdout?: string }).stdout ?? String(error);
      }
      expect(out).toBe(prints);
    },
  );
});
