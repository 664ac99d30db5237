import { type ExternalConfig } from '../config/kvnest-config.interface.js';
import { suggestion } from '../config/nearest-name.js';
import { externalClass } from './external-errors.js';
import { type ExternalExport, exportKind } from './export-kind.js';
import { type ImportedModule, type ModuleNamespace } from './import-external.js';

export interface FoundExport {
  /** As messages call it. */
  readonly label: string;
  readonly value: ExternalExport;
}

/**
 * The export that makes the extension: by its name, else the default, else the only one that could.
 *
 * @throws KV_EXTERNAL_CLASS
 */
export function findExport(external: ExternalConfig, imported: ImportedModule): FoundExport {
  const exports = exportsOf(imported.namespace);
  const { className } = external;
  const found = className === undefined ? unnamed(exports) : named(exports, className);
  if (found !== undefined) return found;
  const usable = usableExports(exports).map(({ label }) => label);
  const { file } = imported;
  if (className === undefined) {
    const what = usable.length === 0 ? 'exports no class' : `exports several classes: ${usable.join(', ')}`;
    throw externalClass(
      external,
      file,
      what,
      'Name the one to use as class_name, or make it the default export.',
    );
  }
  if (exports.has(className)) {
    const what = `exports "${className}", which is no class, Nest module or definition`;
    throw externalClass(external, file, what, 'Name one of them as class_name.');
  }
  const what = `has no export "${className}"${suggestion(className, usable)}`;
  throw externalClass(external, file, what, 'Name an export of the module as class_name.');
}

/** Of CommonJS, too, whose exports are properties of the default one. */
function exportsOf(namespace: ModuleNamespace): ReadonlyMap<string, unknown> {
  const { default: main, ...rest } = namespace;
  const inner = isNamespace(main) ? main : {};
  const fallback = inner['default'] ?? main;
  const all = { ...inner, ...rest, ...(fallback !== undefined && { default: fallback }) };
  return new Map(Object.entries(all).filter(([name]) => name !== 'module.exports' && name !== '__esModule'));
}

function isNamespace(value: unknown): value is ModuleNamespace {
  return typeof value === 'object' && value !== null && exportKind(value) === undefined;
}

function named(exports: ReadonlyMap<string, unknown>, name: string): FoundExport | undefined {
  return usableExports(exports).find(({ label }) => label === name);
}

function unnamed(exports: ReadonlyMap<string, unknown>): FoundExport | undefined {
  const usable = usableExports(exports);
  const main = usable.find(({ label }) => label === 'default');
  if (main !== undefined) return { ...main, label: nameOf(main.value.value) ?? 'its default export' };
  return usable.length === 1 ? usable[0] : undefined;
}

function usableExports(exports: ReadonlyMap<string, unknown>): FoundExport[] {
  return [...exports].flatMap(([label, value]) => {
    const found = exportKind(value);
    return found === undefined ? [] : [{ label, value: found }];
  });
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'function' && value.name !== '' ? value.name : undefined;
}
