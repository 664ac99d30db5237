import { type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type Readable } from 'node:stream';
import { createPipe, type Pipe } from '../../arena/native/pipe.js';

export interface OutputStreams {
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** stdout and stderr of a child: pipes of the system where there is the addon, else those that Node makes. */
export class ProcessOutput {
  readonly #stdout = createPipe();
  readonly #stderr = createPipe();

  /** For the options of `spawn`. */
  get stdio(): (number | 'pipe')[] {
    return [this.#stdout?.writeFd ?? 'pipe', this.#stderr?.writeFd ?? 'pipe'];
  }

  /** The reading ends. After `spawn`, once. */
  open(child: ChildProcess): OutputStreams {
    return { stdout: openEnd(this.#stdout, child.stdout), stderr: openEnd(this.#stderr, child.stderr) };
  }

  /** Instead of `open`, when there is no child. */
  discard(): void {
    for (const pipe of [this.#stdout, this.#stderr]) {
      if (pipe === undefined) continue;
      closeSync(pipe.readFd);
      closeSync(pipe.writeFd);
    }
  }
}

function openEnd(pipe: Pipe | undefined, ofNode: Readable | null): Readable {
  if (pipe !== undefined) closeSync(pipe.writeFd);
  const stream =
    pipe === undefined ? ofNode : new Socket({ fd: pipe.readFd, readable: true, writable: false });
  if (stream === null) throw new Error('There is no output of a child without pipes');
  // A pipe that fails has ended, and `close` says that, too.
  return stream.on('error', () => undefined);
}
