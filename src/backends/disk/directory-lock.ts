import { readFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { lockFile } from '../../arena/native/file-lock.js';
import { KvError } from '../../common/errors/kv-error.js';

/** Who holds a lock, as written in its file. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in clock ticks since boot: tells it from a later one with the same number. */
  readonly started: string;
}

/** What a lock file says when nobody holds it. */
const RELEASED = '{}';

/** Files locked by this process: without the addon, nothing else would tell. */
const lockedHere = new Set<string>();

/** Keeps other servers out of a directory, until it is released or this process dies. */
export class DirectoryLock {
  private constructor(
    private readonly file: FileHandle,
    private readonly identity: string,
    /** Whether no server ever locked this directory before. */
    readonly isNew: boolean,
  ) {}

  /**
   * @param path of the lock file; it is created where it is missing and never deleted.
   * @throws KV_DISK_LOCKED
   */
  static async acquire(path: string): Promise<DirectoryLock> {
    const file = await open(path, 'a+', 0o600);
    try {
      const { dev, ino } = await file.stat();
      const identity = `${dev}:${ino}`;
      const text = await file.readFile('utf8');
      const owner = parseOwner(text);
      if (lockedHere.has(identity) || !lockFile(file.fd)) throw locked(path, owner);
      if (owner !== undefined && isAlive(owner)) throw locked(path, owner);
      lockedHere.add(identity);
      await rewrite(file, JSON.stringify(self()));
      return new DirectoryLock(file, identity, text === '');
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  release(): Promise<void> {
    return this.#end(RELEASED);
  }

  /** Leaves the directory as new as it was found. */
  giveUp(): Promise<void> {
    return this.#end(this.isNew ? '' : RELEASED);
  }

  async #end(text: string): Promise<void> {
    lockedHere.delete(this.identity);
    await rewrite(this.file, text);
    await this.file.close();
  }
}

/** On a full disk the name of the owner is missing, and the lock holds all the same. */
async function rewrite(file: FileHandle, text: string): Promise<void> {
  try {
    await file.truncate(0);
    await file.write(text);
  } catch {
    await file.truncate(0).catch(() => undefined);
  }
}

function self(): Owner {
  return { pid: process.pid, host: hostname(), started: startOf(process.pid) };
}

/** Whether the process is another one that still runs on this machine. */
function isAlive({ pid, host, started }: Owner): boolean {
  return pid !== process.pid && host === hostname() && started !== '' && startOf(pid) === started;
}

function startOf(pid: number): string {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1];
    return afterName?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Partial<Owner>;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof started !== 'string') return undefined;
    return { pid, host, started };
  } catch {
    return undefined;
  }
}

function locked(path: string, owner: Owner | undefined): KvError {
  const who = owner === undefined ? 'another server' : `process ${owner.pid} on ${owner.host}`;
  return new KvError('KV_DISK_LOCKED', `${who} uses the directory of ${path}`, {
    kind: 'config',
    remedy: 'Give every disk tier of every server a directory of its own.',
    details: { path, ...owner },
  });
}
