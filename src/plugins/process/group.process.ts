import { type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { Logger } from '@nestjs/common';
import { KILL_DEADLINE_MS, ORPHAN_GRACE_MS, wholeGraceMs } from './grace.js';
import { askGroup, groupIsGone, signalGroup } from './process-group.js';
import { spawnChild } from './spawn-child.js';
import {
  type ProcessExit,
  type SupervisedCommand,
  type SupervisedProcess,
} from './supervised-process.interface.js';

/** Killed descendants that nobody buries, as in a container without an init, stay in the group for good. */
const BURIAL_MS = 1000;

const logger = new Logger('Plugins');

/** Starts a command as a process group, without a supervisor. @throws KV_PLUGIN_SPAWN */
export async function startAsGroup(command: SupervisedCommand): Promise<SupervisedProcess> {
  const plan = { command: command.command, cwd: command.cwd, step: 'exec' };
  const { child, output } = await spawnChild(command, plan);
  const group = new ProcessGroup(child);
  lowerPriority(group.pid, command.nice);
  const stop = (graceMs: number): Promise<ProcessExit> => group.stop(graceMs);
  return {
    pid: group.pid,
    supervised: false,
    exited: group.exited,
    stop,
    ...output.open(child, command.readers),
  };
}

function lowerPriority(pid: number, nice = 0): void {
  try {
    if (nice > 0) setPriority(pid, nice);
  } catch {
    // It has ended already.
  }
}

class ProcessGroup {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;

  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<ProcessExit>();
  #gone = false;
  #asked = false;
  #killAt = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    child.once('exit', (code, signal) =>
      this.#ended.resolve({ code: code ?? undefined, signal: signal ?? undefined }),
    );
    this.exited = this.#ended.promise.then((exit) => this.#endGroup(exit));
  }

  stop(graceMs: number): Promise<ProcessExit> {
    this.#ask(wholeGraceMs(graceMs));
    return this.exited;
  }

  /** SIGTERM once, and SIGKILL in `graceMs`, or sooner if that was said before. */
  #ask(graceMs: number): void {
    const at = performance.now() + graceMs;
    if (this.#gone) return;
    if (!this.#asked) askGroup(this.pid);
    this.#asked = true;
    if (at >= this.#killAt) return;
    this.#killAt = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#kill(), graceMs);
  }

  #kill(): void {
    signalGroup(this.pid, 'SIGKILL');
    this.#timer = setTimeout(() => this.#giveUp(), KILL_DEADLINE_MS);
  }

  #giveUp(): void {
    logger.warn(`Process ${this.pid} does not die`);
    this.#gone = true;
    this.#child.unref();
    this.#ended.resolve({ code: undefined, signal: undefined });
  }

  async #endGroup(exit: ProcessExit): Promise<ProcessExit> {
    if (!this.#gone && signalGroup(this.pid, 0)) {
      // After a stop what is left has the grace of that stop.
      if (!this.#asked) this.#ask(ORPHAN_GRACE_MS);
      const waitMs = Math.max(0, this.#killAt - performance.now()) + BURIAL_MS;
      await groupIsGone(this.pid, waitMs);
    }
    this.#gone = true;
    clearTimeout(this.#timer);
    return exit;
  }
}
