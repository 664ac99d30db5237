import { type LogLevel } from '@nestjs/common';
import { type Clock } from '../../common/clock.js';
import { type PluginPolicy } from '../../config/kvnest-config.interface.js';
import { type DroppedOutput } from '../output/drop-counter.js';
import { type LogLine } from '../output/log-line.js';
import { type Notification } from '../output/notification.js';
import { PluginOutput } from '../output/plugin-output.js';
import { type ProcessExit, type SupervisedProcess } from '../process/supervised-process.interface.js';
import { Deadline } from './deadline.js';

const STDOUT_LEVEL: LogLevel = 'log';
const STDERR_LEVEL: LogLevel = 'warn';

export interface PluginRunListener {
  ready(): void;
  statusText(text: string): void;
  line(line: LogLine): void;
  dropped(dropped: DroppedOutput): void;
}

export interface RunEnd {
  readonly exit: ProcessExit;
  /** Why the server ended it; undefined when it ended by itself or was asked to stop. */
  readonly fault: string | undefined;
}

/** One process of a plugin, from its start to its end: its output, its deadline to be ready, its heartbeat. */
export class PluginRun {
  readonly #process: SupervisedProcess;
  readonly #policy: PluginPolicy;
  readonly #listener: PluginRunListener;
  readonly #output: PluginOutput;
  readonly #start: Deadline;
  readonly #heartbeat: Deadline;
  #ready = false;
  #isStopping = false;
  #fault: string | undefined;

  constructor(process: SupervisedProcess, policy: PluginPolicy, listener: PluginRunListener, clock: Clock) {
    this.#process = process;
    this.#policy = policy;
    this.#listener = listener;
    const { startTimeoutMs, heartbeatMs } = policy;
    this.#start = new Deadline(startTimeoutMs, () => this.#end(`not ready within ${startTimeoutMs} ms`));
    this.#heartbeat = new Deadline(heartbeatMs, () => this.#end(`no heartbeat for ${heartbeatMs} ms`));
    this.#output = new PluginOutput({
      maxLineBytes: policy.maxLineBytes,
      bytesPerSecond: policy.maxOutputBytesPerSecond,
      clock,
      onLine: (line) => listener.line(line),
      onNotification: (notification) => this.#hear(notification),
      onDropped: (dropped) => listener.dropped(dropped),
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves when the process has ended and all that it printed was handed on. */
  async untilEnd(): Promise<RunEnd> {
    this.#output.read(this.#process.stdout, STDOUT_LEVEL);
    this.#output.read(this.#process.stderr, STDERR_LEVEL);
    if (this.#policy.startTimeoutMs === 0) this.#becomeReady();
    else this.#start.start();
    const exit = await this.#process.exited;
    this.#start.clear();
    this.#heartbeat.clear();
    await this.#output.ended();
    return { exit, fault: this.#fault };
  }

  stop(): void {
    this.#isStopping = true;
    this.#start.clear();
    this.#heartbeat.clear();
    void this.#process.stop(this.#policy.stopTimeoutMs);
  }

  #hear(notification: Notification): void {
    this.#heartbeat.putOff();
    if (notification.kind === 'ready') this.#becomeReady();
    else if (notification.kind === 'status') this.#listener.statusText(notification.text);
  }

  #becomeReady(): void {
    if (this.#ready || this.#isStopping) return;
    this.#ready = true;
    this.#start.clear();
    this.#heartbeat.start();
    this.#listener.ready();
  }

  #end(fault: string): void {
    this.#fault ??= fault;
    this.stop();
  }
}
