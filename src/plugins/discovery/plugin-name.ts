import { parse } from 'node:path';
import { type PluginRole } from '../plugin-script.interface.js';

/** What the name of a file says about who runs it. */
export interface PluginName {
  readonly role: PluginRole;
  /** Undefined: any. */
  readonly workerId: number | undefined;
  /** A number that is no worker id, because no description follows it. */
  readonly looseNumber: string | undefined;
}

const ROLES: readonly PluginRole[] = ['scheduler', 'worker', 'all'];
const NUMBER = /^\d+$/;

/**
 * Reads `<role>[_<workerId>][_<description>].<extension>`, in any case. A name without a role is for all; a number is a
 * worker id only before a description, as LMCache has it: `worker_0_probe.sh`, but not `worker_0.sh`.
 *
 * @param fileName without its directory.
 */
export function parsePluginName(fileName: string): PluginName {
  const [first = '', second = '', ...description] = parse(fileName).name.toLowerCase().split('_');
  const role = ROLES.find((known) => known === first);
  const isNumber = role !== undefined && NUMBER.test(second);
  return {
    role: role ?? 'all',
    workerId: isNumber && description.length > 0 ? Number(second) : undefined,
    looseNumber: isNumber && description.length === 0 ? second : undefined,
  };
}
