import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endsWithTests } from '../child-processes.js';
import { missingCommand } from '../peer.js';
import { peerFolder } from '../peer-folder.js';

const FOLDER = peerFolder('mooncake');

export type MooncakeRelease = '0.3.12' | '0.3.13';

/** A Python of Mooncake's own environment, and what it and the programs there need around them. */
export function mooncakePython(release: MooncakeRelease): { command: string; env: NodeJS.ProcessEnv } {
  const cuda = join(packagesOf(release), 'nvidia/cuda_runtime/lib');
  return {
    command: join(FOLDER, release, 'bin/python'),
    env: { ...process.env, LD_LIBRARY_PATH: cuda, GLOG_minloglevel: '2' },
  };
}

function packagesOf(release: MooncakeRelease): string {
  const lib = join(FOLDER, release, 'lib');
  const python = existsSync(lib) ? readdirSync(lib).find((name) => name.startsWith('python3')) : undefined;
  return join(lib, python ?? 'python3', 'site-packages');
}

/** Not by the scripts of the wheel: those of 0.3.12 stay in front of the program and leave it behind when they are killed. */
function programOf(release: MooncakeRelease, name: string): string {
  return join(packagesOf(release), 'mooncake', name);
}

/** One of Mooncake's programs, which can be hurt and started again with the same arguments. */
export class MooncakeProcess {
  #child: ChildProcess | undefined;
  #log = '';

  constructor(
    private readonly release: MooncakeRelease,
    private readonly program: 'mooncake_master' | 'mooncake_client',
    private readonly args: readonly string[],
  ) {}

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** What it printed last. */
  get log(): string {
    return this.#log;
  }

  /** @param release another one may take its place. */
  start(release = this.release): void {
    const { env } = mooncakePython(release);
    const child = endsWithTests(
      spawn(programOf(release, this.program), this.args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env,
      }),
    );
    this.#child = child;
    const onText = (text: Buffer): void => void (this.#log = (this.#log + text.toString()).slice(-10_000));
    child.stdout.on('data', onText);
    child.stderr.on('data', onText);
  }

  /** It stays there and answers nothing, until `resume`. Settles when the last of its threads has stopped. */
  async suspend(): Promise<void> {
    const child = this.#child;
    child?.kill('SIGSTOP');
    while (this.isRunning && !isStopped(child?.pid ?? 0)) await new Promise((wait) => setTimeout(wait, 1));
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    const gone = once(this.#child!, 'exit');
    this.#child!.kill('SIGKILL');
    await gone;
  }
}

/** @returns why there is no Mooncake here, undefined when there is one. */
export function missingMooncake(release: MooncakeRelease = '0.3.13'): string | undefined {
  const { command, env } = mooncakePython(release);
  if (!existsSync(command)) return 'no Mooncake is installed here; "npm test" installs it where it may';
  const libraries = `LD_LIBRARY_PATH=${env['LD_LIBRARY_PATH'] ?? ''}`;
  return missingCommand('env', [libraries, programOf(release, 'mooncake_master'), '--version']);
}

/** The state of a thread stands behind its name, which is in brackets. */
function isStopped(pid: number): boolean {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return tasks.every((task) => /\) [Tt] /.test(readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8')));
  } catch {
    return false;
  }
}
