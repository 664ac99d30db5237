import { type Readable } from 'node:stream';

export interface SupervisedCommand {
  /** Executable, looked for in the PATH of `env`, and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Added to the priority, 0 to 19. */
  readonly nice?: number | undefined;
  /** Limit of the address space of every process of it; not applied without the supervisor. */
  readonly memoryBytes?: number | undefined;
  /** Ends it at once while it is being started; afterwards `stop` does. */
  readonly signal?: AbortSignal | undefined;
  /** Get the output in place of `stdout` and `stderr`, which then only end. */
  readonly readers?: OutputReaders | undefined;
}

/**
 * Take the output of a process piece by piece. A piece is valid during the call: all of them lie in one buffer, for a
 * process that prints a lot would otherwise keep the garbage collector of the server busy.
 */
export interface OutputReaders {
  readonly stdout: (piece: Buffer) => void;
  readonly stderr: (piece: Buffer) => void;
}

/** How it ended: one of both, or neither where nobody could learn it. */
export interface ProcessExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A process with all its descendants: when it ends, or the server does, by whatever way, none of them is left. */
export interface SupervisedProcess {
  readonly pid: number;
  /** False without the supervisor: what leaves its process group, or loses a server that is killed, may go on. */
  readonly supervised: boolean;
  /**
   * Read or destroy both, and listen in the turn in which you got them. A process whose output nobody reads waits as soon as
   * its pipe is full.
   */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Settles once, when the process has ended and nothing of it is left; what has not died five seconds after SIGKILL (it
   * hangs in the kernel, or belongs to another user) is not waited for. Never rejects.
   */
  readonly exited: Promise<ProcessExit>;
  /**
   * SIGTERM to its group; after `graceMs` SIGKILL to everything it started, also what left the group. Called again it may
   * shorten the grace, never lengthen it.
   */
  stop(graceMs: number): Promise<ProcessExit>;
}

/** @throws KV_PLUGIN_SPAWN when there is no such executable, or it may not be run. */
export type StartSupervised = (command: SupervisedCommand) => Promise<SupervisedProcess>;
