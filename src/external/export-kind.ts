import { type DynamicModule, type Type } from '@nestjs/common';

/** An object or a module class that makes a module: one for each tier, or one from its options. */
export interface Registrar {
  register(target: unknown, find?: unknown): DynamicModule | Promise<DynamicModule>;
}

/** What an extension may be made from. */
export type ExternalExport =
  /** Constructed with one argument, the context. */
  | { readonly kind: 'class'; readonly value: Type<object> }
  /** Constructed by Nest, which injects what its decorators say. */
  | { readonly kind: 'injectable'; readonly value: Type<object> }
  /** A module class with `register`, or a BackendDefinition or ConnectorDefinition. */
  | { readonly kind: 'registrar'; readonly value: Registrar }
  /** A Nest module as it is. */
  | { readonly kind: 'module'; readonly value: DynamicModule };

/** Keys under which decorators of any copy of Nest leave their marks. */
const INJECTABLE = ['__injectable__', 'self:paramtypes', 'self:properties_metadata'];
const MODULE = ['imports', 'providers', 'controllers', 'exports'];

/** What an export can be used as; undefined: not at all. */
export function exportKind(value: unknown): ExternalExport | undefined {
  if (typeof value === 'function') return functionKind(value as Type<object>);
  if (typeof value !== 'object' || value === null) return undefined;
  if (isRegistrar(value)) return { kind: 'registrar', value };
  if ('module' in value && typeof value.module === 'function')
    return { kind: 'module', value: value as DynamicModule };
  return undefined;
}

/** As `exportKind`, for what has to be a Nest module: `forRoot` is as good as `register`, and no other class will do. */
export function moduleExport(value: unknown): ExternalExport | undefined {
  if (hasForRoot(value))
    return { kind: 'registrar', value: { register: (options) => value.forRoot(options) } };
  const found = exportKind(value);
  if (found?.kind !== 'injectable') return found?.kind === 'class' ? undefined : found;
  return isModuleClass(found.value) ? { kind: 'module', value: { module: found.value } } : undefined;
}

function hasForRoot(value: unknown): value is { forRoot: Registrar['register'] } {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || isRegistrar(value))
    return false;
  return 'forRoot' in value && typeof value.forRoot === 'function';
}

/** `@Module({})` leaves no mark: such a class cannot be told from another. */
function isModuleClass(value: Type<object>): boolean {
  return MODULE.some((key) => Reflect.hasMetadata(key, value));
}

function functionKind(value: Type<object>): ExternalExport | undefined {
  if (isRegistrar(value)) return { kind: 'registrar', value };
  if (INJECTABLE.some((key) => Reflect.hasMetadata(key, value))) return { kind: 'injectable', value };
  if (isModuleClass(value)) return { kind: 'module', value: { module: value } };
  return isClass(value) ? { kind: 'class', value } : undefined;
}

function isRegistrar(value: object): value is Registrar {
  return 'register' in value && typeof value.register === 'function';
}

/** A class as it is written, or as a compiler for old engines writes it: a function whose prototype has methods. */
function isClass(value: Type<object>): boolean {
  if (/^class\b/.test(Function.prototype.toString.call(value))) return true;
  const prototype = value.prototype as object | undefined;
  return prototype !== undefined && Object.getOwnPropertyNames(prototype).length > 1;
}
