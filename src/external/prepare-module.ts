import { type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { externalClass } from './external-errors.js';
import { type ExtensionRecipe, making } from './extension-recipe.js';
import { type LoadedExternal } from './load-external.js';

/**
 * Makes a module of a user ready for the graph: what it provides may inject the extension's own tokens, and an
 * extension that cannot be made says whose it is.
 *
 * @throws KV_EXTERNAL_CLASS when it is no module, or does not export the extension.
 */
export function prepareModule(
  recipe: ExtensionRecipe<unknown>,
  module: DynamicModule | Promise<DynamicModule>,
  own: readonly Provider[],
): DynamicModule | Promise<DynamicModule> {
  if (!isPromise(module)) return prepared(recipe, module, own);
  const later = making(recipe, () => module).then((dynamic) => prepared(recipe, dynamic, own));
  // Nest waits for it later; until then nobody does.
  later.catch(() => undefined);
  return later;
}

function prepared(
  recipe: ExtensionRecipe<unknown>,
  module: unknown,
  own: readonly Provider[],
): DynamicModule {
  const { loaded, token, tokenCall } = recipe;
  assertDynamicModule(loaded, module);
  if (!mayExport(module, token)) {
    const remedy = `Provide and export it under ${tokenCall}, "${token}".`;
    throw externalClass(
      loaded.external,
      loaded.description,
      'registers a module without the extension',
      remedy,
    );
  }
  const declared = [...listed(module.module, 'providers'), ...(module.providers ?? [])] as Provider[];
  const provider = declared.findLast((candidate) => tokenOf(candidate) === token);
  const guard = provider === undefined ? [] : guarded(recipe, provider);
  return { ...module, providers: [...(module.providers ?? []), ...own, ...guard] };
}

/** @throws KV_EXTERNAL_CLASS */
export function assertDynamicModule(
  { external, description }: LoadedExternal,
  value: unknown,
): asserts value is DynamicModule {
  if (isDynamicModule(value)) return;
  const remedy = 'Return { module, providers, exports }.';
  throw externalClass(external, description, 'registers no dynamic module', remedy);
}

/** A later provider of the same token takes the place of an earlier one. */
function guarded(recipe: ExtensionRecipe<unknown>, provider: Provider): readonly Provider[] {
  if ('useFactory' in provider) {
    const make = provider.useFactory;
    const useFactory = (...args: unknown[]): Promise<unknown> =>
      making(recipe, () => make(...(args as never[])) as unknown);
    return [{ ...provider, useFactory }];
  }
  if ('useClass' in provider) {
    const type = provider.useClass as Type<unknown>;
    const useFactory = (moduleRef: ModuleRef): Promise<unknown> =>
      making(recipe, () => moduleRef.create(type));
    return [{ provide: recipe.token, inject: [ModuleRef], useFactory }];
  }
  return [];
}

/** False where no export of the module can be the token; what modules export that it exports, Nest has to find out. */
function mayExport(module: DynamicModule, token: string): boolean {
  const exports = [...listed(module.module, 'exports'), ...(module.exports ?? [])];
  return exports.some(
    (entry) => tokenOf(entry) === token || typeof entry === 'function' || isDynamicModule(entry),
  );
}

function listed(module: Type<unknown>, key: 'providers' | 'exports'): readonly unknown[] {
  return (Reflect.getMetadata(key, module) as readonly unknown[] | undefined) ?? [];
}

function tokenOf(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null && 'provide' in entry ? entry.provide : entry;
}

function isDynamicModule(value: unknown): value is DynamicModule {
  return (
    typeof value === 'object' && value !== null && 'module' in value && typeof value.module === 'function'
  );
}

function isPromise(value: unknown): value is Promise<DynamicModule> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
