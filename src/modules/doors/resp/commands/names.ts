import { type NamedKey, nameKey } from '../keyspace/named-key.js';
import { type CommandCall } from './command.interface.js';

/** What an argument names; undefined when it is too long to be stored, or even to be kept. */
export function nameAt({ args, session }: CommandCall, index: number): NamedKey | undefined {
  const arg = args[index];
  return arg === undefined ? undefined : nameKey(arg, session.database);
}

/** What all arguments from the second on name, those that cannot be stored left out. */
export function namesIn({ args, session }: CommandCall): NamedKey[] {
  const names: NamedKey[] = [];
  for (let i = 1; i < args.length; i++) {
    const name = nameKey(args[i] as Buffer, session.database);
    if (name !== undefined) names.push(name);
  }
  return names;
}
