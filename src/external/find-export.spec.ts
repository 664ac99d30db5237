import { Injectable, Module } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { type ExternalConfig } from '../config/kvnest-config.interface.js';
import { findExport } from './find-export.js';

class Mine {
  open(): void {
    // Nothing to open.
  }
}

@Injectable()
class Injected {}

@Module({ exports: [] })
class Whole {}

class Registering extends Mine {
  static register(): object {
    return { module: Registering };
  }
}

/** What a compiler for old engines makes of a class. */
function Old(): void {
  // Constructs nothing.
}
Object.assign(Old.prototype as object, { open: () => undefined });

const definition = { type: 'x', register: () => ({ module: Whole }) };
const helper = (): number => 1;

function find(namespace: Record<string, unknown>, className?: string): string {
  const external: ExternalConfig = {
    kind: 'backend',
    name: 'mine',
    modulePath: './mine.mjs',
    className,
    key: 'external_backend.mine.module_path',
    options: {},
    searchFrom: [],
  };
  const { label, value } = findExport(external, { namespace, file: '/mine.mjs' });
  return `${value.kind} ${label}`;
}

describe('the export that makes an extension', () => {
  it.each([
    ['a class', { Mine }, 'class Mine'],
    ['a class for old engines', { Old }, 'class Old'],
    ['an injectable class', { Injected }, 'injectable Injected'],
    ['a module', { Whole }, 'module Whole'],
    ['a dynamic module', { it: { module: Whole, providers: [] } }, 'module it'],
    ['a module that registers', { Registering }, 'registrar Registering'],
    ['a definition', { definition }, 'registrar definition'],
    ['the only one beside others', { Mine, helper, version: 3, Names: { a: 1 } }, 'class Mine'],
    ['the default', { Whole, default: Mine }, 'class Mine'],
    ['of CommonJS: a class', { default: Mine, 'module.exports': Mine }, 'class Mine'],
    ['of CommonJS: a property', { default: { Mine, helper } }, 'class Mine'],
    ['of CommonJS: that of a compiler', { default: { default: Mine, __esModule: true } }, 'class Mine'],
    ['of CommonJS: found by both', { Mine, default: { Mine }, 'module.exports': { Mine } }, 'class Mine'],
  ])('is found without a name: %s', (_, namespace, found) => {
    expect(find(namespace)).toBe(found);
  });

  it.each([
    ['among several', { Mine, Injected }, 'Injected', 'injectable Injected'],
    ['of CommonJS', { default: { Mine, Injected } }, 'Mine', 'class Mine'],
    ['as the default', { Mine, default: Whole }, 'default', 'module default'],
  ])('is found by its name %s', (_, namespace, name, found) => {
    expect(find(namespace, name)).toBe(found);
  });

  it.each([
    [{}, undefined, 'exports no class'],
    [{ helper, n: 1, o: {} }, undefined, 'exports no class'],
    [{ Mine, Whole }, undefined, 'exports several classes: Mine, Whole'],
    [{ Mine }, 'Mien', 'has no export "Mien"; did you mean Mine?'],
    [{ helper, Mine }, 'helper', 'exports "helper", which is no class'],
  ])('is refused: %p as %p', (namespace, name, message) => {
    expect(() => find(namespace, name)).toThrow(
      expect.objectContaining({ code: 'KV_EXTERNAL_CLASS', message: expect.stringContaining(message) }),
    );
  });
});
