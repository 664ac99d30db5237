import { describe, expect, it } from '@jest/globals';
import { type KvError } from '../common/errors/kv-error.js';
import { type Problem } from './findings.js';
import { type ExternalConfig } from './kvnest-config.interface.js';
import { loadConfig } from './load-config.js';

function modulesOf(yaml: string, env: Readonly<Record<string, string>> = {}): readonly ExternalConfig[] {
  const argv = ['--config', '/etc/kvnest/kvnest.yaml'];
  return loadConfig({ cwd: '/srv', argv, env, readFile: () => yaml }).config.externals;
}

function problemsOf(yaml: string): readonly string[] {
  try {
    modulesOf(yaml);
  } catch (error) {
    const problems = (error as KvError).details?.['problems'] as readonly Problem[];
    return problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

const AUDIT: ExternalConfig = {
  kind: 'module',
  name: 'audit',
  modulePath: './audit.mjs',
  className: undefined,
  key: 'modules[0].module_path',
  options: {},
  searchFrom: ['/srv', '/etc/kvnest'],
};

describe('modules', () => {
  it.each([
    ['a list of texts', 'modules: [./audit.mjs]'],
    ['a text', 'modules: ./audit.mjs'],
    ['a list of mappings', 'modules: [{module_path: ./audit.mjs}]'],
    ['a mapping with nulls', 'modules: [{module_path: ./audit.mjs, class_name: null, options: null}]'],
  ])('are %s', (_, yaml) => {
    expect(modulesOf(yaml)).toEqual([AUDIT]);
  });

  it('may stand in a variable', () => {
    expect(modulesOf('modules: [other]', { KVNEST_MODULES: '[{module_path: ./audit.mjs}]' })).toEqual([
      AUDIT,
    ]);
    expect(modulesOf('', { KVNEST_MODULES: './audit.mjs' })).toEqual([AUDIT]);
    expect(modulesOf('modules: [other]', { KVNEST_MODULES: '[]' })).toEqual([]);
  });

  it('have options of their own, kept as they were written, and their order', () => {
    const modules = modulesOf(`modules:
      - { module_path: '@acme/audit', class_name: Audit, name: log, options: { a: { b: [1, null] }, token: x } }
      - '@acme/other'
      - { module_path: ./audit.mjs, class_name: Audit }`);
    expect(modules).toMatchObject([
      { name: 'log', className: 'Audit', options: { a: { b: [1, null] }, token: 'x' } },
      { name: '@acme/other', modulePath: '@acme/other', options: {} },
      { name: 'Audit', key: 'modules[2].module_path' },
    ]);
    expect(Object.isFrozen(modules[0]?.options['a'])).toBe(true);
  });

  it.each([
    ['modules: 7', 'modules: 7 must be a list of modules'],
    ['modules: {a: b}', 'modules: {"a":"b"} must be a list of modules'],
    ['modules: [7]', 'modules[0]: must be the name of a package, the path of a file, or a mapping'],
    ['modules: [{class_name: A}]', 'modules[0].module_path: must be text'],
    ["modules: ['']", 'modules[0].module_path: must be text'],
    [
      'modules: [a, {module_path: b, clas_name: A}]',
      'modules[1].clas_name: is unknown; did you mean class_name?',
    ],
    ['modules: [{module_path: b, options: 3}]', 'modules[0].options: must be a mapping'],
    ['modules: [a, b, a]', 'modules[2].name: two would be called "a"; give each a name of its own'],
  ])('are refused: %s', (yaml, message) => {
    expect(problemsOf(yaml)).toEqual([expect.stringContaining(message)]);
  });
});
