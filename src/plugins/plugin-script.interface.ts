import { type PluginPolicy } from '../config/kvnest-config.interface.js';

export type PluginRole = 'scheduler' | 'worker' | 'all';

/** A file that is a plugin, and how it would be run. */
export interface PluginScript {
  /** Its path below the location that it was found in: `metrics.py`, `tools/worker_0_probe.sh`. Unique. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** What its name asks for. */
  readonly role: PluginRole;
  /** Undefined: any worker. */
  readonly workerId: number | undefined;
  /** Interpreter, its arguments and the script. */
  readonly command: readonly [string, ...string[]];
}

/** A file that is not run, and why. */
export interface SkippedFile {
  readonly name: string;
  readonly path: string;
  readonly reason: string;
  /** `debug` for files that are obviously none; `warn` where somebody may wonder why his plugin does not run. */
  readonly level: 'debug' | 'warn' | 'error';
  /** It is a plugin, but not for this process. */
  readonly script?: PluginScript;
}

export interface DiscoveredPlugins {
  /** Those that run in this process, in the order in which they start. */
  readonly scripts: readonly SelectedScript[];
  readonly skipped: readonly SkippedFile[];
  /** What somebody may have meant otherwise, one line each, for the log. */
  readonly warnings: readonly string[];
}

export interface SelectedScript extends PluginScript {
  /** The role that selected it: what it is told. */
  readonly runsAs: 'scheduler' | 'worker';
  /** How it is run: that of `plugins.scripts`, else the defaults. */
  readonly policy: PluginPolicy;
}
