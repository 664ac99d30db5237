type Settings = Readonly<Record<string, unknown>>;

/** Code of a user that is refused, and why. */
export interface Refused {
  readonly code: string;
  /** Content of `x.mjs`, or of other files. */
  readonly files?: Readonly<Record<string, string>>;
  readonly settings?: Settings;
  /** What the message has to say. */
  readonly says: readonly (string | RegExp)[];
}

const KEY = 'external_backend.mine.module_path';

/** Settings that name a backend. */
export function backend(module_path: string, class_name?: string, more: object = {}): Settings {
  return {
    external_backends: ['mine'],
    external_backend: { mine: { module_path, ...(class_name !== undefined && { class_name }), ...more } },
  };
}

function connector(module_path: string, class_name?: string): Settings {
  return {
    remote_url: 'mine://h',
    external_connector: { mine: { module_path, ...(class_name !== undefined && { class_name }) } },
  };
}

function nestModule(module_path: string, class_name?: string): Settings {
  return { modules: [{ module_path, ...(class_name !== undefined && { class_name }) }] };
}

const MODULE = 'modules[0].module_path';

/** What importing the code finds. */
export const IMPORTED: Readonly<Record<string, Refused>> = {
  'a package that is not there': {
    code: 'KV_EXTERNAL_NOT_FOUND',
    settings: backend('no-such-package', 'X'),
    says: [
      `${KEY}: "no-such-package" is not there`,
      /from \S+refusals-\S+, package no-such-package from kvnest itself/,
      'Install the package',
    ],
  },
  'a file that is not there': {
    code: 'KV_EXTERNAL_NOT_FOUND',
    files: { 'mine.mjs': '' },
    settings: backend('./mien.mjs', 'X'),
    says: [`${KEY}: "./mien.mjs" is not there (there is `, '/mine.mjs)', 'write the path of a file'],
  },
  'a dotted path of Python': {
    code: 'KV_EXTERNAL_PYTHON',
    settings: backend('my_pkg.backends', 'X'),
    says: [`${KEY}: "my_pkg.backends" is a module of Python`, 'TypeScript', 'examples/external-backend'],
  },
  'a file of Python': {
    code: 'KV_EXTERNAL_PYTHON',
    files: { 'x.py': 'class X: pass' },
    settings: connector('./x.py', 'X'),
    says: [
      'external_connector.mine.module_path: "./x.py" is a module of Python',
      'examples/external-connector',
    ],
  },
  'a URL that names Python': {
    code: 'KV_EXTERNAL_PYTHON',
    settings: {
      remote_url:
        'external://host:0/external_log_connector.lmc_external_log_connector/?connector_name=ExternalLogConnector',
    },
    says: ['remote_url: "external_log_connector.lmc_external_log_connector" is a module of Python'],
  },
  'a syntax error': {
    code: 'KV_EXTERNAL_IMPORT',
    files: { 'x.mjs': 'export class X {\n  oops oops\n}' },
    settings: backend('./x.mjs', 'X'),
    says: [KEY, "/x.mjs cannot be imported: Unexpected identifier 'oops'", 'node --check /'],
  },
  'a dependency that is missing': {
    code: 'KV_EXTERNAL_IMPORT',
    files: { 'x.mjs': "import 'its-dependency'; export class X {}" },
    settings: backend('./x.mjs', 'X'),
    says: [KEY, '/x.mjs cannot be imported', 'its-dependency', 'Install what it imports'],
  },
  'an import that throws': {
    code: 'KV_EXTERNAL_IMPORT',
    files: { 'x.cjs': "throw new TypeError('no luck')" },
    settings: backend('./x.cjs', 'X'),
    says: [KEY, '/x.cjs cannot be imported: no luck'],
  },
  'TypeScript that Node cannot strip': {
    code: 'KV_EXTERNAL_IMPORT',
    files: { 'x.ts': 'export class X { constructor(readonly a: string) {} }' },
    settings: backend('./x.ts', 'X'),
    says: [KEY, '/x.ts cannot be imported', 'build it first'],
  },
  'a class that is not there': {
    code: 'KV_EXTERNAL_CLASS',
    files: { 'x.mjs': 'export class Mine {} export const other = 1' },
    settings: backend('./x.mjs', 'Mien'),
    says: [KEY, '/x.mjs has no export "Mien"; did you mean Mine?'],
  },
  'an export that is no class': {
    code: 'KV_EXTERNAL_CLASS',
    files: { 'x.mjs': 'export const x = () => undefined' },
    settings: backend('./x.mjs', 'x'),
    says: [KEY, '/x.mjs exports "x", which is no class'],
  },
  'classes of which none is named': {
    code: 'KV_EXTERNAL_CLASS',
    files: { 'x.mjs': 'export class A {} export class B {}' },
    settings: backend('./x.mjs'),
    says: [KEY, '/x.mjs exports several classes: A, B', 'class_name'],
  },
  'a class for another version': {
    code: 'KV_EXTERNAL_VERSION',
    files: { 'x.mjs': "export class X { static compatibility = '^9.1.0' }" },
    settings: backend('./x.mjs', 'X'),
    says: [KEY, '/x.mjs works with kvnest ^9.1.0 (X.compatibility), and this is '],
  },
  'a module whose version is no range': {
    code: 'KV_EXTERNAL_VERSION',
    files: { 'x.mjs': "export class X {} export const compatibility = 'new'" },
    settings: backend('./x.mjs', 'X'),
    says: [KEY, 'its export compatibility is "new", which is no range'],
  },
  'a package for another version': {
    code: 'KV_EXTERNAL_VERSION',
    files: {
      'pkg/package.json': '{"name": "pkg", "main": "x.cjs", "peerDependencies": {"kvnest": ">=3"}}',
      'pkg/x.cjs': 'exports.X = class X {}',
    },
    settings: backend('./pkg', 'X'),
    says: [KEY, 'works with kvnest >=3 (peerDependencies in ', 'pkg/package.json)'],
  },
  'a file without a module': {
    code: 'KV_EXTERNAL_CLASS',
    files: {
      'x.mjs':
        "import { Injectable } from '@nestjs/common'; export class Plain {} export class Service {} Injectable()(Service);",
    },
    settings: nestModule('./x.mjs'),
    says: [MODULE, '/x.mjs exports no Nest module', 'Export a class with @Module({ providers: […] })'],
  },
  'a class that is no module': {
    code: 'KV_EXTERNAL_CLASS',
    files: {
      'x.mjs':
        "import { Controller, Inject } from '@nestjs/common'; export class X {} Controller('x')(X); Inject('A')(X, undefined, 0);",
    },
    settings: nestModule('./x.mjs', 'X'),
    says: [MODULE, '/x.mjs exports "X", which is no Nest module', 'forRoot(options)'],
  },
  'modules of which none is named': {
    code: 'KV_EXTERNAL_CLASS',
    files: {
      'x.mjs': 'class M {} export const a = { module: M }; export class B { static forRoot() {} }',
    },
    settings: nestModule('./x.mjs'),
    says: [MODULE, '/x.mjs exports several Nest modules: B, a', 'class_name'],
  },
  'a module for another version': {
    code: 'KV_EXTERNAL_VERSION',
    files: {
      'x.mjs':
        "import { Module } from '@nestjs/common'; export class X { static compatibility = '^9.1.0' } Module({ providers: [] })(X);",
    },
    settings: nestModule('./x.mjs'),
    says: [MODULE, '/x.mjs works with kvnest ^9.1.0 (X.compatibility), and this is '],
  },
  'a module that throws when it is made': {
    code: 'KV_EXTERNAL_CONSTRUCTOR',
    files: { 'x.mjs': "export class X { static forRoot() { throw new Error('no interval'); } }" },
    settings: nestModule('./x.mjs'),
    says: [MODULE, 'X of ', '/x.mjs cannot be made: no interval', 'Look at its options'],
  },
  'a module that makes none': {
    code: 'KV_EXTERNAL_CLASS',
    files: { 'x.mjs': 'export class X { static async register() { return class Y {}; } }' },
    settings: nestModule('./x.mjs'),
    says: [MODULE, 'X of ', 'registers no dynamic module', 'Return { module, providers, exports }'],
  },
  'schemes that are none': {
    code: 'KV_EXTERNAL_CLASS',
    files: { 'x.mjs': 'export class X { static schemes = "a" }' },
    settings: connector('./x.mjs', 'X'),
    says: ['has schemes that are no list'],
  },
};

/** What making the extension finds, in the graph. */
export const MADE: Readonly<Record<string, Refused>> = {
  'a backend without methods': {
    code: 'KV_EXTERNAL_METHODS',
    files: {
      'x.mjs': `export class X {
        constructor({ name }) { this.name = name; this.type = 'x'; this.capabilities = { persistent: 1, metadata: 'all' }; }
        open() {} close() {} contains() {}
      }`,
    },
    settings: backend('./x.mjs', 'X'),
    says: [
      KEY,
      'X of ',
      'is no StorageBackend: containsPrefix() is missing; isPutPending() is missing',
      'usage() is missing; capabilities.persistent must be a boolean, and is 1',
      'capabilities.metadata must be any, lmcache or none, and is "all"',
      'capabilities.maxChunkBytes must be a number, and is missing',
    ],
  },
  'a backend with the name of another': {
    code: 'KV_EXTERNAL_METHODS',
    files: {
      'heap.x.mjs':
        "import { HeapBackend } from './heap.mjs'; export class X extends HeapBackend { constructor(c) { super({ ...c, name: 'x' }); } }",
    },
    settings: backend('./heap.x.mjs', 'X', { capacity: '1MiB' }),
    says: [KEY, 'name must be that of its tier, "mine", and is "x"'],
  },
  'a plain connector without methods': {
    code: 'KV_EXTERNAL_METHODS',
    files: { 'x.mjs': 'export class X { async get() {} remove = 1 }' },
    settings: connector('./x.mjs', 'X'),
    says: ['is no PlainConnector: exists() is missing; put() is missing; remove is no method'],
  },
  'a full connector without methods': {
    code: 'KV_EXTERNAL_METHODS',
    files: { 'x.mjs': 'export class X { async getMany() {} }' },
    settings: connector('./x.mjs', 'X'),
    says: ['is no RemoteConnector: connect() is missing', 'putMany() is missing', 'capabilities is missing'],
  },
  'a constructor that throws': {
    code: 'KV_EXTERNAL_CONSTRUCTOR',
    files: { 'x.mjs': "export class X { constructor({ name }) { throw new Error('no ' + name); } }" },
    settings: backend('./x.mjs', 'X'),
    says: [KEY, 'X of ', '/x.mjs cannot be made: no mine'],
  },
  'a constructor that asks for what is not there': {
    code: 'KV_EXTERNAL_CONSTRUCTOR',
    files: {
      'x.mjs':
        "import { Inject, Injectable } from '@nestjs/common'; export class X {} Injectable()(X); Inject('NOTHING')(X, undefined, 0);",
    },
    settings: backend('./x.mjs', 'X'),
    says: [KEY, 'X of ', 'cannot be made', 'NOTHING'],
  },
  'a module whose factory throws an error of its own copy of kvnest': {
    code: 'KV_EXTERNAL_CONSTRUCTOR',
    files: {
      'x.mjs': `class M {}
        const code = { code: 'KV_CONFIG_INVALID', remedy: 'Turn it on.' };
        export default { register: ({ name }) => ({ module: M, exports: ['kvnest:Backend:' + name], providers: [
          { provide: 'kvnest:Backend:' + name, useFactory: () => { throw Object.assign(new Error('it is off'), code); } }
        ] }) };`,
    },
    settings: backend('./x.mjs'),
    says: [KEY, 'its default export of ', 'cannot be made: it is off', 'Turn it on.'],
  },
  'a module that throws when it registers': {
    code: 'KV_EXTERNAL_CONSTRUCTOR',
    files: { 'x.mjs': "export class X { static async register() { throw new Error('not today'); } }" },
    settings: backend('./x.mjs', 'X'),
    says: [KEY, 'cannot be made: not today'],
  },
  'a module without the extension': {
    code: 'KV_EXTERNAL_CLASS',
    files: { 'x.mjs': 'class M {} export class X { static register() { return { module: M }; } }' },
    settings: backend('./x.mjs', 'X'),
    says: [
      KEY,
      'registers a module without the extension',
      'getBackendToken(tier.name)',
      'kvnest:Backend:mine',
    ],
  },
  'a module that asks for what is not there': {
    code: 'KV_EXTERNAL_CONSTRUCTOR',
    files: {
      'x.mjs': `import { Inject, Module } from '@nestjs/common';
        class Service {} Inject('NOTHING')(Service, undefined, 0);
        export class X {} Module({ providers: [Service] })(X);`,
    },
    settings: nestModule('./x.mjs'),
    says: [MODULE, '/x.mjs cannot be made: ', 'NOTHING'],
  },
  'a module whose hook throws': {
    code: 'KV_EXTERNAL_CONSTRUCTOR',
    files: {
      'x.mjs': `import { Module } from '@nestjs/common';
        export class X {
          async onApplicationBootstrap() { throw new Error('no table'); }
          onModuleDestroy() { this.table.close(); }
        }
        Module({ providers: [] })(X);`,
    },
    settings: nestModule('./x.mjs'),
    says: [MODULE, 'X of ', '/x.mjs cannot be made: no table'],
  },
  'no module': {
    code: 'KV_EXTERNAL_CLASS',
    files: { 'x.mjs': 'export class X { static register() { return 1; } }' },
    settings: connector('./x.mjs', 'X'),
    says: ['external_connector.mine.module_path', 'registers no dynamic module'],
  },
};
