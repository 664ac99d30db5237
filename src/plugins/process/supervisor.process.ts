import { type ChildProcess } from 'node:child_process';
import { type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { KILL_DEADLINE_MS, ORPHAN_GRACE_MS, wholeGraceMs } from './grace.js';
import { groupIsGone, signalGroup } from './process-group.js';
import { spawnChild } from './spawn-child.js';
import { spawnFailure } from './spawn-failure.js';
import {
  type ProcessExit,
  type SupervisedCommand,
  type SupervisedProcess,
} from './supervised-process.interface.js';
import { parseSupervisorLine } from './supervisor-line.js';

const logger = new Logger('Plugins');

const KILLED: ProcessExit = { code: undefined, signal: 'SIGKILL' };

/** Starts a command under a supervisor of its own. @throws KV_PLUGIN_SPAWN */
export async function startUnderSupervisor(
  program: string,
  command: SupervisedCommand,
): Promise<SupervisedProcess> {
  const { child, output } = await spawnChild(command, {
    command: [program, ...supervisorArguments(command)],
    argv0: 'kvnest-supervisor',
    cwd: '/',
    step: 'supervisor',
    more: ['pipe'],
  });
  const supervisor = new Supervisor(child, command);
  const pid = await supervisor.start(command.signal).catch((error: unknown) => {
    output.discard();
    throw error;
  });
  const stop = (graceMs: number): Promise<ProcessExit> => supervisor.stop(graceMs);
  return { pid, supervised: true, exited: supervisor.exited, stop, ...output.open(child, command.readers) };
}

function supervisorArguments({ command, cwd, nice = 0, memoryBytes = 0 }: SupervisedCommand): string[] {
  return [...[process.pid, ORPHAN_GRACE_MS, nice, memoryBytes].map(String), cwd, ...command];
}

/** A supervisor and the line to it. */
class Supervisor {
  readonly #child: ChildProcess;
  readonly #command: SupervisedCommand;
  readonly #lifeLine: Socket;
  readonly #exited = Promise.withResolvers<ProcessExit>();
  readonly #started = Promise.withResolvers<number>();
  #pid = 0;
  #text = '';
  #exit: ProcessExit | undefined;
  #settled = false;
  #giveUpAt = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, command: SupervisedCommand) {
    this.#child = child;
    this.#command = command;
    this.#lifeLine = child.stdio[3] as Socket;
    this.#lifeLine.setEncoding('latin1');
    this.#lifeLine.on('data', (text: string) => this.#read(text));
    // Whoever writes into it afterwards learns it from `close`.
    this.#lifeLine.on('error', () => undefined);
    const closed = new Promise((resolve) => this.#lifeLine.once('close', resolve));
    child.once('exit', (code) => void closed.then(() => this.#supervisorEnded(code)));
  }

  /** @returns the pid of the command, as soon as it runs. @throws KV_PLUGIN_SPAWN, at last when `signal` has ended it */
  async start(signal?: AbortSignal): Promise<number> {
    const end = (): void => void this.stop(0);
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
    try {
      return await this.#started.promise;
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  get exited(): Promise<ProcessExit> {
    return this.#exited.promise;
  }

  stop(graceMs: number): Promise<ProcessExit> {
    if (!this.#settled) {
      const wholeMs = wholeGraceMs(graceMs);
      this.#lifeLine.write(`stop ${wholeMs}\n`);
      // A plugin may have stopped it.
      this.#child.kill('SIGCONT');
      this.#giveUpIn(wholeMs + KILL_DEADLINE_MS);
    }
    return this.exited;
  }

  #read(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
  }

  #take(text: string): void {
    const line = parseSupervisorLine(text);
    if (line?.kind === 'started') {
      this.#pid = line.pid;
      this.#started.resolve(line.pid);
    } else if (line?.kind === 'failed') {
      this.#started.reject(spawnFailure(this.#command, line.error, line.step));
    } else if (line?.kind === 'ended') {
      this.#exit = line.exit;
      // What it leaves behind after a stop has the grace of that stop.
      if (this.#giveUpAt === Infinity) this.#giveUpIn(ORPHAN_GRACE_MS + KILL_DEADLINE_MS);
    }
  }

  /** Code 0: it has reaped everything. Else somebody killed it, and with it the command, but nothing below that. */
  async #supervisorEnded(code: number | null): Promise<void> {
    this.#started.reject(spawnFailure(this.#command, 'its supervisor ended', 'supervisor'));
    if (code !== 0 && this.#pid > 0 && !this.#settled) {
      logger.warn(`The supervisor of process ${this.#pid} was killed: its process group is killed, too`);
      signalGroup(this.#pid, 'SIGKILL');
      await groupIsGone(this.#pid, KILL_DEADLINE_MS);
    }
    this.#settle(this.#exit ?? KILLED);
  }

  #giveUpIn(waitMs: number): void {
    const at = performance.now() + waitMs;
    if (this.#settled || at >= this.#giveUpAt) return;
    this.#giveUpAt = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp(), waitMs);
  }

  /** Its supervisor goes on alone, and this process may end. */
  #giveUp(): void {
    const what =
      this.#pid > 0 ? `Something that process ${this.#pid} started` : this.#command.command.join(' ');
    logger.warn(`${what} does not die, and is left to its supervisor`);
    this.#started.reject(spawnFailure(this.#command, 'it did not start', 'supervisor'));
    if (this.#pid > 0 && this.#exit === undefined) signalGroup(this.#pid, 'SIGKILL');
    this.#settle(this.#exit ?? { code: undefined, signal: undefined });
  }

  #settle(exit: ProcessExit): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#lifeLine.destroy();
    this.#child.unref();
    this.#exited.resolve(exit);
  }
}
