import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExternalConfig } from '../config/kvnest-config.interface.js';
import { nearestName } from '../config/nearest-name.js';
import {
  externalImportFailed,
  externalIsPython,
  externalNeedsNewerNode,
  externalNotFound,
} from './external-errors.js';
import { installModuleHooks, resolvedUrl, specifierFrom } from './module-hooks.js';
import { isPythonFile, looksLikePython } from './python-path.js';

export type ModuleNamespace = Readonly<Record<string, unknown>>;

export interface ImportedModule {
  readonly namespace: ModuleNamespace;
  /** Path of the file that was imported. */
  readonly file: string;
}

interface Candidate {
  readonly folder: string;
  readonly name: string;
  /** For people. */
  readonly place: string;
}

const IS_PATH = /^(\.{0,2}\/|file:)/;

/**
 * Imports the module that an extension names.
 *
 * @throws KV_EXTERNAL_NOT_FOUND, KV_EXTERNAL_PYTHON, KV_EXTERNAL_IMPORT
 */
export async function importExternal(external: ExternalConfig): Promise<ImportedModule> {
  if (isPythonFile(external.modulePath)) throw externalIsPython(external);
  if (!installModuleHooks()) throw externalNeedsNewerNode(external);
  const candidates = candidatesOf(external);
  for (const { folder, name } of candidates) {
    const specifier = specifierFrom(folder, name);
    try {
      const namespace = (await import(specifier)) as ModuleNamespace;
      return { namespace, file: fileOf(resolvedUrl(specifier) ?? name) };
    } catch (error) {
      const url = resolvedUrl(specifier);
      // Node names the file in the URL that it could not find, too: only one that is there was imported.
      if (url !== undefined && existsSync(fileOf(url)))
        throw externalImportFailed(external, fileOf(url), error);
      if (!isNotFound(error)) throw externalImportFailed(external, external.modulePath, error);
    }
  }
  if (looksLikePython(external.modulePath)) throw externalIsPython(external);
  const tried = candidates.map(({ place }) => place);
  throw externalNotFound(external, tried, nearestFile(external));
}

/** A path is one; a bare name is a package, looked for from each folder and beside kvnest, else a file. */
function candidatesOf({ modulePath, searchFrom }: ExternalConfig): readonly Candidate[] {
  const [cwd = process.cwd()] = searchFrom;
  const path = resolve(cwd, modulePath.startsWith('file:') ? fileURLToPath(modulePath) : modulePath);
  const file = { ...entryOf(path), place: path };
  if (IS_PATH.test(modulePath)) return [file];
  const folders = [...searchFrom, import.meta.dirname];
  const packages = folders.map((folder, index) => ({
    folder,
    name: modulePath,
    place: `package ${modulePath} from ${index < searchFrom.length ? folder : 'kvnest itself'}`,
  }));
  return [...packages, file];
}

/** A folder that is a package stands for its entry, by Node's rules as far as one can ask for them. */
function entryOf(path: string): Pick<Candidate, 'folder' | 'name'> {
  const manifest = join(path, 'package.json');
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory() || !existsSync(manifest)) {
    return { folder: dirname(path), name: path };
  }
  const {
    name,
    exports,
    main = 'index.js',
  } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly name?: string;
    readonly exports?: unknown;
    readonly main?: string;
  };
  if (name !== undefined && exports !== undefined) return { folder: path, name };
  return { folder: path, name: join(path, main) };
}

function nearestFile({ modulePath, searchFrom: [cwd = process.cwd()] }: ExternalConfig): string {
  const path = resolve(cwd, modulePath);
  if (!IS_PATH.test(modulePath) || !existsSync(dirname(path))) return '';
  const nearest = nearestName(basename(path), readdirSync(dirname(path)));
  return nearest === undefined ? '' : ` (there is ${join(dirname(path), nearest)})`;
}

function fileOf(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url;
}

function isNotFound(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_UNSUPPORTED_DIR_IMPORT'].includes(String(code));
}
