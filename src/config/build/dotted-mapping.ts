import { type SettingTree } from '../layers/assignment.js';
import { isTree } from '../layers/mapping-reader.js';

/**
 * What stands below a dotted path, in a mapping whose keys may hold dots themselves: `a.b: 1` and `a: {b: 1}` say the
 * same. Keys of the result are as they were written; null counts as absent.
 */
export function mappingAt(tree: SettingTree, path: string): SettingTree {
  const found: SettingTree = {};
  for (const [key, value] of Object.entries(tree)) {
    if (key.startsWith(`${path}.`)) put(found, key.slice(path.length + 1), value);
    else if (isTree(value) && key === path) for (const entry of Object.entries(value)) put(found, ...entry);
    else if (isTree(value) && path.startsWith(`${key}.`)) {
      for (const entry of Object.entries(mappingAt(value, path.slice(key.length + 1)))) put(found, ...entry);
    }
  }
  return found;
}

/** The dotted paths of all values in a mapping. */
export function pathsIn(tree: SettingTree): readonly string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    isTree(value) ? pathsIn(value).map((below) => `${key}.${below}`) : value === null ? [] : [key],
  );
}

function put(found: SettingTree, key: string, value: unknown): void {
  if (value !== null) found[key] = value;
}
