import { type Observable } from 'rxjs';
import { type PluginExit } from './plugin-status.interface.js';

/** Something that happened to a plugin, which is named as in its status; `at` is ISO 8601. */
export type PluginEvent = { readonly plugin: string; readonly at: string } & PluginHappening;

export type PluginHappening =
  | { readonly type: 'started'; readonly pid: number }
  | { readonly type: 'ready' }
  /** Nothing of it is left. Without `started` before it: it could not be started this time, and `exit.reason` says why. */
  | { readonly type: 'exited'; readonly exit: PluginExit }
  /** It is started again after `delayMs`. */
  | { readonly type: 'restarting'; readonly delayMs: number }
  /** It stays down. */
  | { readonly type: 'failed'; readonly reason: string }
  /** It was stopped, or has done its work. */
  | { readonly type: 'stopped' }
  /** Since the last such event of this plugin: at most one a second. */
  | { readonly type: 'output-dropped'; readonly lines: number; readonly bytes: number };

/**
 * Injection token of an `Observable<PluginEvent>`: hot, without errors, complete when the server ends. What a subscriber
 * throws is an uncaught exception, which ends the server.
 */
export const PLUGIN_EVENTS = Symbol.for('kvnest:PluginEvents');

export type PluginEvents = Observable<PluginEvent>;
