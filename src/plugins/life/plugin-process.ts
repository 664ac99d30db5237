import { setTimeout as delay } from 'node:timers/promises';
import { type LogLevel } from '@nestjs/common';
import { type Clock } from '../../common/clock.js';
import { isKvError } from '../../common/errors/kv-error.js';
import { type LogLine } from '../output/log-line.js';
import { escapeControls } from '../output/printable.js';
import { type ReadPacer } from '../output/read-pacer.js';
import { RecentLines } from '../output/recent-lines.js';
import { type PluginHappening } from '../plugin-event.interface.js';
import { type SelectedScript } from '../plugin-script.interface.js';
import { type PluginExit, type PluginState, type PluginStatus } from '../plugin-status.interface.js';
import { type OutputReaders, type SupervisedProcess } from '../process/supervised-process.interface.js';
import { PluginRun, type PluginRunListener, type RunEnd } from './plugin-run.js';
import { RestartPolicy } from './restart-policy.js';

const RECENT_LINES = 20;
const MAX_STATUS_CHARACTERS = 200;

export interface PluginProcessParts {
  readonly script: SelectedScript;
  /** Starts its process. */
  readonly launch: (
    script: SelectedScript,
    readers: OutputReaders,
    signal: AbortSignal,
  ) => Promise<LaunchedProcess>;
  readonly log: (level: LogLevel, text: string) => void;
  readonly emit: (happening: PluginHappening) => void;
  readonly clock: Clock;
  readonly random: () => number;
  /** Of all plugins. */
  readonly pacer: ReadPacer;
}

export interface LaunchedProcess {
  readonly process: SupervisedProcess;
  /** To be called when it has ended. */
  readonly release: () => void;
}

/** A plugin script from its first start to its last end: at most one process at a time. */
export class PluginProcess {
  readonly #parts: PluginProcessParts;
  readonly #recent = new RecentLines(RECENT_LINES);
  readonly #dropped = { lines: 0, bytes: 0 };
  #state: PluginState = 'stopped';
  #life: Promise<void> = Promise.resolve();
  /** Of the process that is to be started next, or was started last: resolves when it runs, or will not. */
  #launch = Promise.withResolvers<undefined>();
  #stop = new AbortController();
  #wake = new AbortController();
  #run: PluginRun | undefined;
  #startedAtMs = 0;
  #starts = 0;
  /** What was last asked for. */
  #isWanted = false;
  #isClosed = false;
  #lastExit: PluginExit | undefined;
  #statusText: string | undefined;

  constructor(parts: PluginProcessParts) {
    this.#parts = parts;
  }

  status(): PluginStatus {
    const { name, path, runsAs } = this.#parts.script;
    return {
      name,
      path,
      role: runsAs,
      state: this.#state,
      ...(this.#run?.pid !== undefined && {
        pid: this.#run.pid,
        startedAt: new Date(this.#startedAtMs).toISOString(),
        uptimeSeconds: this.#ranMs() / 1000,
      }),
      restarts: Math.max(0, this.#starts - 1),
      ...(this.#lastExit !== undefined && { lastExit: this.#lastExit }),
      ...(this.#statusText !== undefined && { statusText: this.#statusText }),
      droppedLines: this.#dropped.lines,
      droppedBytes: this.#dropped.bytes,
      lastLines: this.#recent.toArray(),
    };
  }

  /**
   * Resolves when its process runs, or could not be started, or is not wanted any more. What runs already, goes on; a pause
   * ends at once.
   */
  start(): Promise<void> {
    this.#isWanted = !this.#isClosed;
    return this.#startIfWanted();
  }

  /** Resolves when nothing of it is left: `stopTimeoutMs` after the call, or a little later. */
  stop(): Promise<void> {
    this.#isWanted = false;
    return this.#endLife();
  }

  async restart(): Promise<void> {
    this.#isWanted = !this.#isClosed;
    await this.#endLife();
    await this.#startIfWanted();
  }

  /** Stops it for good. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.stop();
  }

  /** While it waits for the end of the last life, another may ask for something else, or start it. */
  async #startIfWanted(): Promise<void> {
    if (this.#isDown() || this.#state === 'stopping') await this.#life;
    if (!this.#isWanted) return;
    if (this.#isDown()) {
      this.#stop = new AbortController();
      this.#state = 'starting';
      this.#launch = Promise.withResolvers();
      this.#life = this.#live(this.#stop.signal)
        .catch((error: unknown) => this.#fail(String(error)))
        .finally(() => this.#launch.resolve(undefined));
    } else if (this.#state === 'backing-off') {
      this.#wake.abort();
    }
    await this.#launch.promise;
  }

  async #endLife(): Promise<void> {
    if (!this.#isDown()) this.#state = 'stopping';
    this.#stop.abort();
    await this.#life;
    if (this.#state === 'failed') this.#enter('stopped', { type: 'stopped' });
  }

  /** One process after the other, until it is stopped, has done its work or has failed too often. */
  async #live(stop: AbortSignal): Promise<void> {
    const { clock, random, script } = this.#parts;
    const restarts = new RestartPolicy(script.policy, random);
    for (;;) {
      const end = await this.#runOnce(stop);
      if (stop.aborted) break;
      if (end === 'cannot start') return;
      const failed = end.fault !== undefined || end.exit.code !== 0;
      const decision = restarts.decide({ failed, ranMs: end.ranMs, nowMs: clock.nowMs() });
      if (decision.next === 'give-up') {
        this.#fail(`stays down: ${decision.reason}`);
        return;
      }
      if (decision.next === 'stay-down') break;
      if (!(await this.#pause(decision.delayMs, stop))) break;
    }
    this.#enter('stopped', { type: 'stopped' });
  }

  async #runOnce(stop: AbortSignal): Promise<(RunEnd & { ranMs: number }) | 'cannot start'> {
    const { emit, launch, script, clock, log, pacer } = this.#parts;
    const run = new PluginRun({ policy: script.policy, listener: this.#listener(stop), clock, pacer });
    const stopRun = (): void => run.stop();
    stop.addEventListener('abort', stopRun, { once: true });
    let started: LaunchedProcess;
    try {
      started = await launch(script, run.createReaders(), run.begin());
    } catch (error) {
      stop.removeEventListener('abort', stopRun);
      run.stop();
      return this.#didNotStart(error);
    }
    this.#starts++;
    this.#startedAtMs = clock.nowMs();
    const { pid } = started.process;
    log('log', `started, pid ${pid}`);
    emit({ type: 'started', pid });
    this.#run = run;
    const ended = run.untilEnd(started.process);
    this.#launch.resolve(undefined);
    const end = await ended;
    stop.removeEventListener('abort', stopRun);
    started.release();
    const ranMs = this.#ranMs();
    this.#run = undefined;
    this.#ended(end, ranMs, stop);
    return { ...end, ranMs };
  }

  #didNotStart(error: unknown): (RunEnd & { ranMs: number }) | 'cannot start' {
    const { clock, emit } = this.#parts;
    this.#launch.resolve(undefined);
    const reason = error instanceof Error ? error.message : String(error);
    const exit = { code: undefined, signal: undefined };
    this.#lastExit = { ...exit, at: new Date(clock.nowMs()).toISOString(), reason };
    if (isKvError(error) && error.retryable) {
      this.#parts.log('warn', reason);
      emit({ type: 'exited', exit: this.#lastExit });
      return { exit, fault: reason, ranMs: 0 };
    }
    const remedy = isKvError(error) && error.remedy !== undefined ? ` ${error.remedy}` : '';
    this.#fail(`${reason}.${remedy}`);
    return 'cannot start';
  }

  #ended({ exit, fault }: RunEnd, ranMs: number, stop: AbortSignal): void {
    const at = new Date(this.#parts.clock.nowMs()).toISOString();
    this.#lastExit = { ...exit, at, ...(fault !== undefined && { reason: fault }) };
    const how = exit.signal === undefined ? `with code ${exit.code ?? 'unknown'}` : `by ${exit.signal}`;
    const isExpected = stop.aborted || (exit.code === 0 && fault === undefined);
    const why = fault === undefined ? '' : ` (${fault})`;
    this.#parts.log(isExpected ? 'log' : 'warn', `ended ${how} after ${(ranMs / 1000).toFixed(1)} s${why}`);
    this.#parts.emit({ type: 'exited', exit: this.#lastExit });
  }

  /** @returns false when it was stopped meanwhile. */
  async #pause(delayMs: number, stop: AbortSignal): Promise<boolean> {
    this.#wake = new AbortController();
    this.#launch = Promise.withResolvers();
    this.#parts.log('log', `starts again in ${delayMs} ms`);
    this.#enter('backing-off', { type: 'restarting', delayMs });
    try {
      await delay(delayMs, undefined, { signal: AbortSignal.any([stop, this.#wake.signal]) });
    } catch {
      if (stop.aborted) return false;
    }
    this.#state = 'starting';
    return true;
  }

  #listener(stop: AbortSignal): PluginRunListener {
    return {
      ready: () => {
        if (!stop.aborted) this.#enter('running', { type: 'ready' });
      },
      statusText: (text) => (this.#statusText = escapeControls(text).slice(0, MAX_STATUS_CHARACTERS)),
      line: (line) => this.#print(line),
      dropped: ({ lines, bytes }) => {
        this.#dropped.lines += lines;
        this.#dropped.bytes += bytes;
        this.#parts.log('warn', `${lines} lines of output (${bytes} bytes) were too much, and dropped`);
        this.#parts.emit({ type: 'output-dropped', lines, bytes });
      },
    };
  }

  #print({ level, text }: LogLine): void {
    this.#recent.push(text);
    this.#parts.log(level, text);
  }

  #fail(reason: string): void {
    this.#parts.log('error', reason);
    this.#enter('failed', { type: 'failed', reason });
  }

  #enter(state: PluginState, happening: PluginHappening): void {
    this.#state = state;
    this.#parts.emit(happening);
  }

  #isDown(): boolean {
    return this.#state === 'stopped' || this.#state === 'failed';
  }

  #ranMs(): number {
    return Math.max(0, this.#parts.clock.nowMs() - this.#startedAtMs);
  }
}
