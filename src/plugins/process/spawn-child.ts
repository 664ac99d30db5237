import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { ProcessOutput } from './process-output.js';
import { errorName, spawnFailure } from './spawn-failure.js';
import { type SupervisedCommand } from './supervised-process.interface.js';

export interface ChildPlan {
  /** What is executed: the command itself, or what runs it. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** What failed, for the error. */
  readonly step: string;
  readonly argv0?: string;
  /** Descriptors after 0, 1 and 2. */
  readonly more?: readonly 'pipe'[];
}

export interface SpawnedChild {
  readonly child: ChildProcess;
  readonly output: ProcessOutput;
}

/** A child in a session of its own, without input, its output not yet open. @throws KV_PLUGIN_SPAWN */
export async function spawnChild(wanted: SupervisedCommand, plan: ChildPlan): Promise<SpawnedChild> {
  const output = new ProcessOutput();
  const { argv0, cwd, more = [] } = plan;
  const [program, ...args] = plan.command;
  const stdio: StdioOptions = ['ignore', ...output.stdio, ...more];
  try {
    const child = spawn(program, args, { argv0, cwd, env: wanted.env, detached: true, stdio });
    // Throws what kept it from starting.
    if (child.pid === undefined) await once(child, 'spawn');
    return { child, output };
  } catch (error) {
    output.discard();
    throw spawnFailure(wanted, errorName(error), plan.step, error);
  } finally {
    output.release();
  }
}
