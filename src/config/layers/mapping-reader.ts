import { type Findings } from '../findings.js';
import { suggestion } from '../nearest-name.js';
import { toFlag } from '../schema/conversions.js';
import {
  insideOpenMapping,
  type SettingInfo,
  type SettingsClass,
  settingPaths,
  settingsOf,
} from '../schema/setting-registry.js';
import { KvnestSettings } from '../settings/kvnest.settings.js';
import { type Assignment, type ConfigSource, type SettingTree, SWITCHED_ON } from './assignment.js';
import { isWithoutEffect } from './lmcache-keys.js';

export function isTree(value: unknown): value is SettingTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Takes a mapping apart into assignments, one for each value, and reports the keys that nobody knows. LMCache's keys
 * without a meaning here are collected and not assigned.
 */
export class MappingReader {
  readonly assignments: Assignment[] = [];
  readonly withoutEffect: string[] = [];

  constructor(
    private readonly origin: string,
    private readonly source: ConfigSource,
    private readonly findings: Findings,
  ) {}

  /** @param path of `mapping` itself, empty for the whole file. */
  read(mapping: SettingTree, owner: SettingsClass = KvnestSettings, path = ''): void {
    const settings = settingsOf(owner);
    // At the top of a file a key may be a path, as the reference has them: `doors.http.port`.
    const known = path === '' ? settingPaths(owner) : settings;
    for (const [key, value] of dottedLast(mapping)) {
      const info = known.get(key) ?? (path === '' ? insideOpenMapping(key, settings) : undefined);
      if (info !== undefined) this.readSetting(info, path === '' ? key : `${path}.${key}`, value);
      else if (path !== '' || !this.#isWithoutEffect(key, value))
        this.#unknown(path, key, (key.includes('.') ? known : settings).keys());
    }
  }

  readSetting(info: SettingInfo, path: string, value: unknown): void {
    if (info.shape === 'list') this.#list(info, path, value);
    else if (info.section !== undefined && isTree(value)) this.#section(info.section(), path, value);
    else if (info.shape === 'switch') this.#switch(path, toFlag(value));
    else this.#assign(path, value);
  }

  #section(owner: SettingsClass, path: string, value: SettingTree): void {
    this.#assign(path, SWITCHED_ON);
    this.read(value, owner, path);
  }

  #switch(path: string, value: unknown): void {
    this.#assign(path, value === true ? SWITCHED_ON : value);
  }

  #list(info: SettingInfo, path: string, value: unknown): void {
    const items: unknown[] = Array.isArray(value) ? value : [];
    const known = info.section === undefined ? [] : [...settingsOf(info.section()).keys()];
    for (const [index, item] of items.entries()) {
      for (const key of isTree(item) ? Object.keys(item) : []) {
        if (!known.includes(key)) this.#unknown(`${path}[${index}]`, key, known);
      }
    }
    this.#assign(path, Array.isArray(value) ? items.map(withoutNulls) : value);
  }

  #assign(path: string, value: unknown): void {
    this.assignments.push({ path, value, origin: this.origin, source: this.source });
  }

  #isWithoutEffect(key: string, value: unknown): boolean {
    const isIdle = isWithoutEffect(key);
    if (isIdle && value !== null) this.withoutEffect.push(key);
    return isIdle;
  }

  #unknown(path: string, key: string, known: Iterable<string>): void {
    const where = path === '' ? key : `${path}.${key}`;
    this.findings.problem(where, `is not a setting${suggestion(key, known)}`, this.origin);
  }
}

/** `a.b: 1` adds to what `a: {…}` says in the same file, whichever comes first. */
function dottedLast(mapping: SettingTree): (readonly [string, unknown])[] {
  return Object.entries(mapping).sort(([a], [b]) => Number(a.includes('.')) - Number(b.includes('.')));
}

function withoutNulls(item: unknown): unknown {
  if (!isTree(item)) return item;
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null));
}
