import { type ProcessExit } from './process/supervised-process.interface.js';

/**
 * `starting`: runs, and has not said yet that it is ready. `backing-off`: has ended and is started again in a while.
 * `failed`: could not be started, or ended too often, and stays down. `stopped`: was stopped, or has done its work.
 */
export type PluginState = 'starting' | 'running' | 'stopping' | 'backing-off' | 'failed' | 'stopped';

export interface PluginExit extends ProcessExit {
  /** ISO 8601. */
  readonly at: string;
  /** Why it was ended, where the server did so; or what kept it from starting. */
  readonly reason?: string;
}

/** A plugin script as it is now. Times are ISO 8601. */
export interface PluginStatus {
  readonly name: string;
  readonly path: string;
  readonly role: 'scheduler' | 'worker';
  readonly state: PluginState;
  readonly pid?: number;
  readonly startedAt?: string;
  readonly uptimeSeconds?: number;
  /** Starts after the first. */
  readonly restarts: number;
  readonly lastExit?: PluginExit;
  /** What it last told of itself. */
  readonly statusText?: string;
  readonly droppedLines: number;
  readonly droppedBytes: number;
  /** What it last printed, oldest first. */
  readonly lastLines: readonly string[];
}

/** What metrics and the status page read. */
export interface PluginOverview {
  status(): readonly PluginStatus[];
}

/** Injection token of the `PluginOverview`. */
export const PLUGIN_OVERVIEW = Symbol.for('kvnest:PluginOverview');
