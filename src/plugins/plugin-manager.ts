import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Subject } from 'rxjs';
import { type Clock } from '../common/clock.js';
import { KvError } from '../common/errors/kv-error.js';
import { PluginProcess } from './life/plugin-process.js';
import { ReadPacer } from './output/read-pacer.js';
import { type PluginEvent, type PluginEvents } from './plugin-event.interface.js';
import { type PluginLauncher } from './plugin-launcher.js';
import { type DiscoveredPlugins, type SelectedScript } from './plugin-script.interface.js';
import { type PluginOverview, type PluginStatus } from './plugin-status.interface.js';

/** Beyond its grace a process is killed, and reaped within this; the server does not wait any longer for it. */
const KILL_ALLOWANCE_MS = 1000;

/** Injection token of the `PluginManager`. */
export const PLUGIN_MANAGER = Symbol.for('kvnest:PluginManager');

export interface PluginManagerParts {
  readonly plugins: DiscoveredPlugins;
  readonly launcher: PluginLauncher;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * All plugin scripts of this process. The composition root starts them when the doors listen, which they may use at once,
 * and stops them when the server begins to end, while the doors drain.
 */
export class PluginManager implements PluginOverview, OnApplicationShutdown {
  readonly #parts: PluginManagerParts;
  readonly #logger = new Logger('Plugins');
  readonly #pacer = new ReadPacer();
  readonly #events = new Subject<PluginEvent>();
  readonly #plugins: ReadonlyMap<string, PluginProcess>;
  #stopped: Promise<void> | undefined;

  constructor(parts: PluginManagerParts) {
    this.#parts = parts;
    this.#plugins = new Map(parts.plugins.scripts.map((script) => [script.name, this.#create(script)]));
  }

  get events(): PluginEvents {
    return this.#events.asObservable();
  }

  status(): readonly PluginStatus[] {
    return Array.from(this.#plugins.values(), (plugin) => plugin.status());
  }

  /** Starts all of them, and waits for none: what goes wrong is in the log, and nobody else's business. */
  start(): void {
    const { skipped, warnings } = this.#parts.plugins;
    for (const { level, name, reason } of skipped) this.#logger[level](`${name} is not run: ${reason}`);
    for (const warning of warnings) this.#logger.warn(warning);
    for (const plugin of this.#plugins.values()) void plugin.start();
  }

  /** @throws KV_PLUGIN_UNKNOWN */
  find(name: string): PluginProcess {
    const plugin = this.#plugins.get(name);
    if (plugin !== undefined) return plugin;
    const names = [...this.#plugins.keys()];
    throw new KvError('KV_PLUGIN_UNKNOWN', `there is no plugin "${name}"`, {
      kind: 'input',
      remedy: names.length === 0 ? 'none runs here' : `there are ${names.join(', ')}`,
    });
  }

  /** @throws KV_PLUGIN_UNKNOWN, KV_PLUGIN_SHUTDOWN */
  async command(name: string, command: 'start' | 'stop' | 'restart'): Promise<PluginStatus> {
    const plugin = this.find(name);
    if (this.#stopped !== undefined) {
      throw new KvError('KV_PLUGIN_SHUTDOWN', 'the server is shutting down, and its plugins with it', {
        kind: 'unavailable',
      });
    }
    await plugin[command]();
    return plugin.status();
  }

  /** Tells all of them to end, for good; `onApplicationShutdown` waits for it. */
  stop(): void {
    this.#stopped ??= this.#stopAll();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop();
    await this.#stopped;
    await this.#parts.launcher.close();
    this.#events.complete();
  }

  async #stopAll(): Promise<void> {
    const graces = this.#parts.plugins.scripts.map(({ policy }) => policy.stopTimeoutMs);
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, ...graces) + KILL_ALLOWANCE_MS);
    });
    await Promise.race([
      deadline,
      Promise.all(Array.from(this.#plugins.values(), (plugin) => plugin.close())),
    ]);
    clearTimeout(timer);
  }

  #create(script: SelectedScript): PluginProcess {
    const { clock, launcher, random } = this.#parts;
    const logger = new Logger(`plugin ${script.name}`);
    return new PluginProcess({
      script,
      clock,
      random,
      pacer: this.#pacer,
      launch: (...launch) => launcher.launch(...launch),
      log: (level, text) => logger[level](text),
      emit: (happening) =>
        this.#events.next({
          plugin: script.name,
          at: new Date(clock.nowMs()).toISOString(),
          ...happening,
        }),
    });
  }
}
