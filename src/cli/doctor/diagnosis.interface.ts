import { type KvnestConfig } from '../../config/kvnest-config.interface.js';

/** `fail`: the server would not run, or not as configured; `warn`: it runs, but worse than it could. */
export type Level = 'ok' | 'warn' | 'fail';

export interface Diagnosis {
  readonly level: Level;
  /** One line: what was looked at and what was found. */
  readonly finding: string;
  /** What to do, unless all is well. */
  readonly remedy?: string;
}

/** One look at the machine. Changes nothing on it. */
export type Check = (config: KvnestConfig) => Promise<readonly Diagnosis[]> | readonly Diagnosis[];

export function ok(finding: string): Diagnosis {
  return { level: 'ok', finding };
}

export function warn(finding: string, remedy: string): Diagnosis {
  return { level: 'warn', finding, remedy };
}

export function fail(finding: string, remedy: string): Diagnosis {
  return { level: 'fail', finding, remedy };
}
