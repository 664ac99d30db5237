import { type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type Readable } from 'node:stream';
import { createPipe, type Pipe } from '../../arena/native/pipe.js';

/** stdout and stderr of a child: pipes of the system where there is the addon, else those that Node makes. */
export class ProcessOutput {
  readonly #pipes = { stdout: createPipe(), stderr: createPipe() };

  /** For the options of `spawn`. */
  get stdio(): (number | 'pipe')[] {
    return [this.#pipes.stdout?.writeFd ?? 'pipe', this.#pipes.stderr?.writeFd ?? 'pipe'];
  }

  /** After `spawn`: the child alone holds the writing ends. */
  release(): void {
    for (const pipe of Object.values(this.#pipes)) if (pipe !== undefined) closeSync(pipe.writeFd);
  }

  /**
   * The reading ends, once, after `release`. They read at once: whoever does not listen in the same turn may miss
   * the end of an empty stream.
   */
  open(child: ChildProcess): { readonly stdout: Readable; readonly stderr: Readable } {
    const { stdout, stderr } = this.#pipes;
    return { stdout: openEnd(stdout, child.stdout), stderr: openEnd(stderr, child.stderr) };
  }

  /** Instead of `open`. */
  discard(): void {
    for (const pipe of Object.values(this.#pipes)) if (pipe !== undefined) closeSync(pipe.readFd);
  }
}

function openEnd(pipe: Pipe | undefined, ofNode: Readable | null): Readable {
  const stream =
    pipe === undefined ? ofNode : new Socket({ fd: pipe.readFd, readable: true, writable: false });
  if (stream === null) throw new Error('A child without pipes has no output');
  // A pipe that fails has ended, and `close` says that, too.
  return stream.on('error', () => undefined);
}
