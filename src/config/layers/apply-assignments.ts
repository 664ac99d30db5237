import { type Assignment, type SettingTree, SWITCHED_ON } from './assignment.js';
import { isTree } from './mapping-reader.js';

/** Here null is a value of its own: no disk. */
const NULL_IS_A_VALUE = new Set(['local_disk']);

/** Lays assignments over each other, weakest first. */
export function applyAssignments(assignments: readonly Assignment[]): SettingTree {
  const root: SettingTree = {};
  for (const { path, value } of assignments) {
    const names = path.split('.');
    const last = names.pop() ?? path;
    const parent = names.reduce((tree, name) => childTree(tree, name), root);
    if (value === null && !NULL_IS_A_VALUE.has(path)) Reflect.deleteProperty(parent, last);
    else if (value === SWITCHED_ON) childTree(parent, last);
    else parent[last] = value;
  }
  return root;
}

function childTree(tree: SettingTree, name: string): SettingTree {
  const child = Object.hasOwn(tree, name) ? tree[name] : undefined;
  if (isTree(child)) return child;
  const created: SettingTree = {};
  tree[name] = created;
  return created;
}
