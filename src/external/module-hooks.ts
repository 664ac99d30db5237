import * as nodeModule from 'node:module';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Packages of which a file without a node_modules of its own gets the copy that the server runs on. */
const HOST_PACKAGES = /^(kvnest|@nestjs\/common|@nestjs\/core|rxjs|reflect-metadata)(\/|$)/;
const NOT_FOUND = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/** `import('kvnest-external:from=…&name=…')` imports a name as a file in another folder would. */
const SCHEME = 'kvnest-external:';

/** Where each of these names led. */
const resolved = new Map<string, string>();
let isInstalled = false;

/** Teaches Node both. @returns false when this Node is too old for it. */
export function installModuleHooks(): boolean {
  const { registerHooks } = nodeModule as { registerHooks?: typeof nodeModule.registerHooks };
  if (registerHooks === undefined) return false;
  if (!isInstalled) registerHooks({ resolve: resolveHook });
  isInstalled = true;
  return true;
}

/** What `import` takes to import `name` (a package, a path or a URL) from `folder`. */
export function specifierFrom(folder: string, name: string): string {
  const from = pathToFileURL(`${folder}/`).href;
  const target = isAbsolute(name) ? pathToFileURL(name).href : name;
  return SCHEME + new URLSearchParams({ from, name: target }).toString();
}

/** URL of the file that a specifier led to, once it was imported; undefined when it led nowhere. */
export function resolvedUrl(specifier: string): string | undefined {
  return resolved.get(specifier);
}

const resolveHook: nodeModule.ResolveHookSync = (specifier, context, next) => {
  if (specifier.startsWith(SCHEME)) {
    const query = new URLSearchParams(specifier.slice(SCHEME.length));
    const found = next(query.get('name') ?? '', { ...context, parentURL: query.get('from') ?? undefined });
    resolved.set(specifier, found.url);
    return found;
  }
  try {
    return next(specifier, context);
  } catch (error) {
    if (!HOST_PACKAGES.test(specifier) || !isNotFound(error) || context.parentURL === import.meta.url)
      throw error;
    return { url: import.meta.resolve(specifier), shortCircuit: true };
  }
};

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOT_FOUND.has(String(error.code));
}
