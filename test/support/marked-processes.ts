import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const NAME = 'TEST_MARK';
const LOOK_EVERY_MS = 20;
/** A process that forks and ends all the time may slip through one look. */
const LOOKS = 3;

export interface ProcessFacts {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/** @returns what /proc says of a process, undefined when there is none. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const stat = tryRead(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const [state = '', ...numbers] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [parent = 0, group = 0, session = 0] = numbers.map(Number);
  return { pid, state, parent, group, session };
}

export function allProcesses(): ProcessFacts[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => processFacts(Number(pid))).filter((facts) => facts !== undefined);
}

/** The processes of one test, known by a variable of their environment, so that no other is touched. */
export class MarkedProcesses {
  readonly #mark = randomUUID();

  /** With the mark. */
  get env(): Record<string, string> {
    return { PATH: process.env['PATH'] ?? '', [NAME]: this.#mark };
  }

  pids(): number[] {
    const mark = `${NAME}=${this.#mark}`;
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.filter((pid) => tryRead(`/proc/${pid}/environ`)?.includes(mark)).map(Number);
  }

  /** @returns how long it took until none was left. */
  async untilGone(withinMs: number): Promise<number> {
    const start = performance.now();
    for (let looks = 0; looks < LOOKS;) {
      const pids = this.pids();
      looks = pids.length === 0 ? looks + 1 : 0;
      const elapsedMs = performance.now() - start;
      if (looks === 0 && elapsedMs > withinMs) throw new Error(`still there: ${describeProcesses(pids)}`);
      if (looks < LOOKS) await delay(LOOK_EVERY_MS);
    }
    return performance.now() - start;
  }

  /** For the end of a test, which may have failed. */
  async killAll(): Promise<void> {
    for (let pids = this.pids(); pids.length > 0; pids = this.pids()) {
      for (const pid of pids) tryKill(pid);
      await delay(LOOK_EVERY_MS);
    }
  }
}

function describeProcesses(pids: readonly number[]): string {
  return pids
    .map((pid) => `${pid} ${tryRead(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? ''}`)
    .join('; ');
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
