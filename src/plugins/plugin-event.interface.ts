import { type Observable } from 'rxjs';
import { type PluginExit } from './plugin-status.interface.js';

/** Something that happened to a plugin. */
export type PluginEvent = { readonly plugin: string; readonly at: string } & PluginHappening;

export type PluginHappening =
  | { readonly type: 'started'; readonly pid: number }
  | { readonly type: 'ready' }
  | { readonly type: 'exited'; readonly exit: PluginExit }
  /** It is started again after `delayMs`. */
  | { readonly type: 'restarting'; readonly delayMs: number }
  /** It stays down. */
  | { readonly type: 'failed'; readonly reason: string }
  /** It was stopped, or has done its work. */
  | { readonly type: 'stopped' }
  | { readonly type: 'output-dropped'; readonly lines: number; readonly bytes: number };

/** Injection token of an `Observable<PluginEvent>`: hot, without errors, complete when the server ends. */
export const PLUGIN_EVENTS = Symbol.for('kvnest:PluginEvents');

export type PluginEvents = Observable<PluginEvent>;
