import { finished } from 'node:stream/promises';
import { type LogLevel } from '@nestjs/common';
import { type Clock } from '../../common/clock.js';
import { type PluginPolicy } from '../../config/kvnest-config.interface.js';
import { type DroppedOutput } from '../output/drop-counter.js';
import { logIsBehind } from '../output/log-backlog.js';
import { type LogLine } from '../output/log-line.js';
import { type Notification } from '../output/notification.js';
import { PluginOutput } from '../output/plugin-output.js';
import { type ReadPacer } from '../output/read-pacer.js';
import {
  type OutputReaders,
  type ProcessExit,
  type SupervisedProcess,
} from '../process/supervised-process.interface.js';
import { Deadline } from './deadline.js';

const STDOUT_LEVEL: LogLevel = 'log';
const STDERR_LEVEL: LogLevel = 'warn';

/** Whoever holds the other end of a pipe may be a process that got away; nobody waits for it longer than this. */
const OUTPUT_END_MS = 1000;

export interface PluginRunListener {
  ready(): void;
  statusText(text: string): void;
  line(line: LogLine): void;
  dropped(dropped: DroppedOutput): void;
}

export interface PluginRunParts {
  readonly policy: PluginPolicy;
  readonly listener: PluginRunListener;
  readonly clock: Clock;
  readonly pacer: ReadPacer;
}

export interface RunEnd {
  readonly exit: ProcessExit;
  /** Why the server ended it; undefined when it ended by itself or was asked to stop. */
  readonly fault: string | undefined;
}

/** One process of a plugin, from its start to its end: its output, its deadline to be ready, its heartbeat. */
export class PluginRun {
  readonly #policy: PluginPolicy;
  readonly #listener: PluginRunListener;
  readonly #output: PluginOutput;
  readonly #pacer: ReadPacer;
  readonly #start: Deadline;
  readonly #heartbeat: Deadline;
  readonly #launch = new AbortController();
  #process: SupervisedProcess | undefined;
  #ready = false;
  #isStopping = false;
  #isPaused = false;
  #fault: string | undefined;

  constructor({ policy, listener, clock, pacer }: PluginRunParts) {
    this.#pacer = pacer;
    this.#policy = policy;
    this.#listener = listener;
    const { startTimeoutMs, heartbeatMs } = policy;
    this.#start = new Deadline(startTimeoutMs, () => this.#end(`not ready within ${startTimeoutMs} ms`));
    this.#heartbeat = new Deadline(heartbeatMs, () => this.#end(`no heartbeat for ${heartbeatMs} ms`));
    this.#output = new PluginOutput({
      maxLineBytes: policy.maxLineBytes,
      bytesPerSecond: policy.maxOutputBytesPerSecond,
      clock,
      isBehind: logIsBehind,
      onLine: (line) => listener.line(line),
      onNotification: (notification) => this.#hear(notification),
      onDropped: (dropped) => listener.dropped(dropped),
    });
  }

  /** For the process that is to be started; once. */
  createReaders(): OutputReaders {
    return {
      stdout: this.#paced(this.#output.reader(STDOUT_LEVEL)),
      stderr: this.#paced(this.#output.reader(STDERR_LEVEL)),
    };
  }

  /**
   * The time that it has to be ready begins.
   * @returns what ends the start of the process when it has taken too long, or is not wanted any more.
   */
  begin(): AbortSignal {
    this.#start.start();
    return this.#launch.signal;
  }

  /** Undefined until it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when the process has ended and all that it printed was handed on. */
  async untilEnd(process: SupervisedProcess): Promise<RunEnd> {
    this.#process = process;
    const outputEnds = [process.stdout, process.stderr].map(async (stream) => {
      try {
        await finished(stream.resume());
      } catch {
        // What broke has ended, too.
      }
    });
    if (this.#isStopping) void process.stop(this.#policy.stopTimeoutMs);
    else if (this.#policy.startTimeoutMs === 0) this.#becomeReady();
    const exit = await process.exited;
    this.#start.clear();
    this.#heartbeat.clear();
    const deadline = setTimeout(() => {
      process.stdout.destroy();
      process.stderr.destroy();
    }, OUTPUT_END_MS);
    await Promise.all(outputEnds);
    clearTimeout(deadline);
    await this.#output.end();
    return { exit, fault: this.#fault };
  }

  stop(): void {
    this.#isStopping = true;
    this.#start.clear();
    this.#heartbeat.clear();
    this.#launch.abort();
    void this.#process?.stop(this.#policy.stopTimeoutMs);
  }

  #paced(read: (piece: Buffer) => void): (piece: Buffer) => void {
    return (piece) => {
      read(piece);
      if (this.#pacer.spend(piece.length) || this.#isPaused) return;
      this.#isPaused = true;
      this.#process?.stdout.pause();
      this.#process?.stderr.pause();
      this.#pacer.whenNext(() => {
        this.#isPaused = false;
        this.#process?.stdout.resume();
        this.#process?.stderr.resume();
      });
    };
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
