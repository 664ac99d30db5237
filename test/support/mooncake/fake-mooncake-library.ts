import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadNative } from '../../../src/arena/native/load-native.js';
import { missingCommand } from '../peer.js';

const SOURCE = resolve(import.meta.dirname, '../../fixtures/mooncake-library/mooncake-library.c');

type Call =
  | 'setup'
  | 'destroy'
  | 'put_from'
  | 'get_into'
  | 'get_size'
  | 'batch_is_exist'
  | 'remove'
  | 'register_buffer'
  | 'unregister_buffer';

/** Why there can be no library of Mooncake's here, undefined when there can. */
export function missingForLibrary(): string | undefined {
  return loadNative().reason ?? missingCommand('cc', ['--version']);
}

/** The double of Mooncake's library, compiled, and the strings by which it is pulled. */
export class FakeMooncakeLibrary implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'kvnest-mooncake-library-'));
  readonly path = join(this.#folder, 'libmooncake_store.so');
  #masters = 0;

  /** @param without a function that it lacks. */
  constructor(without?: Call) {
    const flags = ['-O1', '-shared', '-fPIC', '-pthread'];
    const absence = without === undefined ? [] : [`-Dmooncake_store_${without}=not_exported`];
    const { status, stderr } = spawnSync('cc', [...flags, ...absence, '-o', this.path, SOURCE]);
    if (status !== 0) throw new Error(String(stderr));
  }

  /** A master of its own, with nothing in it, and the folder that hurts it. */
  master(): FakeMaster {
    const port = 1 + this.#masters++;
    const folder = join(this.#folder, `master-${port}`);
    mkdirSync(folder);
    return new FakeMaster(`127.0.0.1:${port}`, folder);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

export class FakeMaster {
  constructor(
    readonly address: string,
    readonly folder: string,
  ) {}

  /** Such calls take as long as they are held. */
  hold(call: Call): void {
    writeFileSync(join(this.folder, `${call}.hold`), '');
  }

  release(call: Call): void {
    rmSync(join(this.folder, `${call}.hold`), { force: true });
  }

  /** Such calls do nothing and answer this; undefined = they work again. */
  answer(call: Call, code: number | undefined): void {
    const path = join(this.folder, `${call}.code`);
    if (code === undefined) rmSync(path);
    else writeFileSync(path, `${code}\n`);
  }

  /** Somebody else has begun to write an object of this name. */
  beginElsewhere(name: string): void {
    writeFileSync(join(this.folder, 'unfinished'), name);
  }

  /** What was called up to now, with its arguments. */
  log(call?: Call): readonly string[] {
    const path = join(this.folder, 'log');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
    return lines.filter((line) => call === undefined || line.split(' ')[0] === call);
  }
}
