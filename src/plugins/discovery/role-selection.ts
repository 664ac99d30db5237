import { type PluginsConfig } from '../../config/kvnest-config.interface.js';
import { type PluginScript } from '../plugin-script.interface.js';

type Self = Pick<PluginsConfig, 'role' | 'workerId' | 'workerCount'>;
type Runner = 'scheduler' | 'worker';
type Wanted = Pick<PluginScript, 'role' | 'workerId'>;

/**
 * The role of this process that runs a script; the scheduler before the worker where it is both.
 *
 * @returns the reason where none does.
 */
export function selectRole(
  script: Wanted,
  self: Self,
): { readonly runsAs: Runner } | { readonly reason: string } {
  const roles: readonly Runner[] = self.role === 'all' ? ['scheduler', 'worker'] : [self.role];
  const runsAs = roles.find((role) => script.role === 'all' || script.role === role);
  if (runsAs === undefined) return { reason: `is for the ${script.role}, and this is the ${roles.join()}` };
  if (script.workerId === undefined || script.workerId === self.workerId) return { runsAs };
  const nobody = script.workerId >= self.workerCount ? `, of ${self.workerCount}` : '';
  return { reason: `is for worker ${script.workerId}, and this is worker ${self.workerId}${nobody}` };
}
