import { type KvError } from '../common/errors/kv-error.js';
import { type ExternalConfig } from '../config/kvnest-config.interface.js';
import { suggestion } from '../config/nearest-name.js';
import { externalClass } from './external-errors.js';
import { type ExternalExport, exportKind, moduleExport } from './export-kind.js';
import { type ImportedModule, type ModuleNamespace } from './import-external.js';

export interface FoundExport {
  /** As messages call it. */
  readonly label: string;
  /** As the module exports it. */
  readonly exported: unknown;
  readonly value: ExternalExport;
}

/** What an export of the module can be used as; undefined: not at all. */
type UsableAs = (value: unknown) => ExternalExport | undefined;

interface Wanted {
  readonly usableAs: UsableAs;
  readonly one: string;
  readonly several: string;
  readonly each: string;
  readonly remedy: string;
}

const EXTENSION: Wanted = {
  usableAs: exportKind,
  one: 'class',
  several: 'classes',
  each: 'class, Nest module or definition',
  remedy: 'Name one of them as class_name.',
};

const WANTED: Readonly<Record<ExternalConfig['kind'], Wanted>> = {
  backend: EXTENSION,
  connector: EXTENSION,
  module: {
    usableAs: moduleExport,
    one: 'Nest module',
    several: 'Nest modules',
    each: 'Nest module',
    remedy:
      'Export a class with @Module({ providers: […] }), one with register(options) or forRoot(options), or a dynamic module.',
  },
};

/**
 * The export that makes the extension: by its name, else the default, else the only one that could.
 *
 * @throws KV_EXTERNAL_CLASS
 */
export function findExport(external: ExternalConfig, imported: ImportedModule): FoundExport {
  const { usableAs } = WANTED[external.kind];
  const exports = exportsOf(imported.namespace, usableAs);
  const usable = usableExports(exports, usableAs);
  const { className } = external;
  const found = className === undefined ? unnamed(usable) : usable.find(({ label }) => label === className);
  if (found !== undefined) return found;
  throw notFound(external, imported.file, exports, usable);
}

function notFound(
  external: ExternalConfig,
  file: string,
  exports: ReadonlyMap<string, unknown>,
  usable: readonly FoundExport[],
): KvError {
  const { className, kind } = external;
  const { one, several, each, remedy } = WANTED[kind];
  const labels = usable.map(({ label }) => label);
  if (className === undefined && labels.length > 0) {
    const what = `exports several ${several}: ${labels.join(', ')}`;
    return externalClass(
      external,
      file,
      what,
      'Name the one to use as class_name, or make it the default export.',
    );
  }
  if (className === undefined) return externalClass(external, file, `exports no ${one}`, remedy);
  if (exports.has(className)) {
    return externalClass(external, file, `exports "${className}", which is no ${each}`, remedy);
  }
  const what = `has no export "${className}"${suggestion(className, labels)}`;
  return externalClass(external, file, what, 'Name an export of the module as class_name.');
}

/** Of CommonJS, too, whose exports are properties of the default one. */
function exportsOf(namespace: ModuleNamespace, usableAs: UsableAs): ReadonlyMap<string, unknown> {
  const { default: main, ...rest } = namespace;
  const inner = isNamespace(main) && usableAs(main) === undefined ? main : {};
  const fallback = inner['default'] ?? main;
  const all = { ...inner, ...rest, ...(fallback !== undefined && { default: fallback }) };
  return new Map(Object.entries(all).filter(([name]) => name !== 'module.exports' && name !== '__esModule'));
}

function isNamespace(value: unknown): value is ModuleNamespace {
  return typeof value === 'object' && value !== null;
}

function unnamed(usable: readonly FoundExport[]): FoundExport | undefined {
  const main = usable.find(({ label }) => label === 'default');
  if (main !== undefined) return { ...main, label: nameOf(main.exported) ?? 'its default export' };
  return usable.length === 1 ? usable[0] : undefined;
}

function usableExports(exports: ReadonlyMap<string, unknown>, usableAs: UsableAs): readonly FoundExport[] {
  return [...exports].flatMap(([label, exported]) => {
    const value = usableAs(exported);
    return value === undefined ? [] : [{ label, exported, value }];
  });
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'function' && value.name !== '' ? value.name : undefined;
}
