import { type SettingTree } from '../layers/assignment.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { mappingAt, pathsIn } from './dotted-mapping.js';

type NamespacePrefix = 'storage_plugin' | 'external_backend' | 'remote_storage_plugin' | 'external_connector';

/** What the configuration says of one extension. */
export interface Namespace {
  readonly modulePath: unknown;
  readonly className: unknown;
  /** Whatever else stands under the same name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The key of its module, where it was given, or should have been. */
  readonly key: string;
}

const MODULE_PATH = 'module_path';
const CLASS_NAME = 'class_name';

/** The namespaces of extensions of one kind, under its prefixes: inside `extra_config`, as LMCache has it, or beside it. */
export class Namespaces {
  /** Later ones win. */
  readonly #places: readonly { readonly at: string; readonly tree: SettingTree }[];

  /** @param prefixes the one that wins first. */
  constructor(settings: KvnestSettings, prefixes: readonly [NamespacePrefix, ...NamespacePrefix[]]) {
    this.#places = prefixes.toReversed().flatMap((prefix) => [
      { at: `extra_config.${prefix}`, tree: mappingAt(settings.extra_config, prefix) },
      { at: prefix, tree: settings[prefix] },
    ]);
  }

  /** @param expected where the module of one that says nothing should have been. */
  of(name: string, expected?: NamespacePrefix): Namespace {
    const found = this.#places
      .map(({ at, tree }) => ({ at, values: mappingAt(tree, name) }))
      .filter(({ values }) => Object.keys(values).length > 0);
    const merged = Object.assign({}, ...found.map(({ values }) => values)) as SettingTree;
    const { [MODULE_PATH]: modulePath, [CLASS_NAME]: className, ...options } = merged;
    const place = found.findLast(({ values }) => MODULE_PATH in values) ?? found.at(-1);
    const at = place?.at ?? expected ?? this.#places.at(-1)?.at ?? '';
    return { modulePath, className, options, key: `${at}.${name}.${MODULE_PATH}` };
  }

  /** Every name that has a module or a class. */
  names(): readonly string[] {
    const keys = this.#places.flatMap(({ tree }) => pathsIn(tree));
    const named = keys.flatMap((key) => {
      const dot = key.lastIndexOf('.');
      return dot > 0 && [MODULE_PATH, CLASS_NAME].includes(key.slice(dot + 1)) ? [key.slice(0, dot)] : [];
    });
    return [...new Set(named)];
  }
}
