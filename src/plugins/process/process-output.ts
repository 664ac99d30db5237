import { type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createPipe, type Pipe } from '../../arena/native/pipe.js';
import { type OutputReaders } from './supervised-process.interface.js';

/** As much as a pipe holds. */
const READ_BYTES = 64 * 1024;

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
   * The reading ends, once, after `release`. Those of pipes read at once: whoever does not listen in the same turn may miss
   * the end of an empty stream.
   */
  open(
    child: ChildProcess,
    readers?: OutputReaders,
  ): { readonly stdout: Readable; readonly stderr: Readable } {
    const { stdout, stderr } = this.#pipes;
    return {
      stdout: openEnd(stdout, child.stdout, readers?.stdout),
      stderr: openEnd(stderr, child.stderr, readers?.stderr),
    };
  }

  /** Instead of `open`. */
  discard(): void {
    for (const pipe of Object.values(this.#pipes)) if (pipe !== undefined) closeSync(pipe.readFd);
  }
}

function openEnd(
  pipe: Pipe | undefined,
  ofNode: Readable | null,
  reader?: (piece: Buffer) => void,
): Readable {
  // A pipe that fails has ended, and `close` says that, too.
  if (pipe !== undefined) return openPipe(pipe, reader).on('error', () => undefined);
  if (ofNode === null) throw new Error('A child without pipes has no output');
  // Node throws away what nobody has read when the child ends.
  const stream = pipeline(ofNode, new PassThrough(), () => undefined);
  return reader === undefined ? stream : stream.on('data', reader);
}

function openPipe({ readFd }: Pipe, reader: ((piece: Buffer) => void) | undefined): Socket {
  if (reader === undefined) return new Socket({ fd: readFd, readable: true, writable: false });
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (length: number): boolean => {
    reader(buffer.subarray(0, length));
    return true;
  };
  return new Socket({ fd: readFd, readable: true, writable: false, onread: { buffer, callback } });
}
