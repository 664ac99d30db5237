import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system in memory of its own size, which only root may mount. */
export class SmallMount {
  private constructor(readonly path: string) {}

  static mount(path: string, size: string): SmallMount {
    mkdirSync(path);
    run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path);
    return new SmallMount(path);
  }

  /** Why none can be mounted here, undefined when one can. */
  static refused(): string | undefined {
    const probe = mkdtempSync(join(tmpdir(), 'kvnest-mount-'));
    try {
      SmallMount.mount(join(probe, 'fs'), '1m').unmount();
      return undefined;
    } catch {
      return 'mounting a file system is refused here, so none can be filled';
    } finally {
      rmSync(probe, { recursive: true });
    }
  }

  makeReadOnly(): void {
    run('mount', '-o', 'remount,ro', this.path);
  }

  unmount(): void {
    run('umount', '-l', this.path);
  }
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args);
  if (status !== 0) throw new Error(`${command}: ${stderr.toString()}`);
}
