import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadNative } from '../../../src/arena/native/load-native.js';
import { missingCommand } from '../peer.js';

const SOURCE = resolve(import.meta.dirname, '../../fixtures/nixl-capi/nixl-capi.cc');

/** Calls of the library, without their prefix. */
export type NixlCall =
  | 'create_configured_agent'
  | 'create_backend'
  | 'register_mem'
  | 'get_plugin_params'
  | 'load_remote_md'
  | 'create_xfer_req'
  | 'post_xfer_req'
  | 'get_xfer_status'
  | 'release_xfer_req'
  | 'destroy_agent'
  | 'is_stub';

export const BACKEND = -2;
export const IN_PROGRESS = 1;
export const NOT_FOUND = -6;

/** Why there can be no double of NIXL here, undefined when there can. */
export function missingForFakeNixl(): string | undefined {
  return loadNative().reason ?? missingCommand('c++', ['--version']);
}

/** The double of libnixl_capi.so, compiled, and the strings by which it is pulled. */
export class FakeNixl implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'kvnest-fake-nixl-'));
  readonly path = join(this.folder, 'libnixl_capi.so');

  /**
   * @param without calls that it lacks.
   * @param sibling whether it needs a libnixl.so, which lies beside it, and does not say where that is.
   */
  constructor({ without = [], sibling = false }: { without?: NixlCall[]; sibling?: boolean } = {}) {
    mkdirSync(this.#strings);
    const needs = ['-Wl,--no-as-needed', `-L${this.folder}`, '-lnixl'];
    if (sibling)
      compile(['-Wl,-soname,libnixl.so', '-x', 'c', '/dev/null', '-o', join(this.folder, 'libnixl.so')]);
    const absence = without.map((call) => `-Dnixl_capi_${call}=not_exported_${call}`);
    const folder = `-DFOLDER="${this.#strings}"`;
    compile(['-std=c++17', '-O1', folder, ...absence, '-o', this.path, SOURCE, ...(sibling ? needs : [])]);
  }

  get #strings(): string {
    return join(this.folder, 'strings');
  }

  /** All calls do what they usually do. */
  reset(): void {
    rmSync(this.#strings, { recursive: true });
    mkdirSync(this.#strings);
  }

  /** Such calls, for a peer or for all, answer this from now on; undefined = as usual. */
  answer(call: NixlCall, code: number | undefined, peer?: string): void {
    const path = join(this.#strings, `${peer === undefined ? call : `${call}@${peer}`}.code`);
    if (code === undefined) rmSync(path);
    else {
      writeFileSync(`${path}.new`, `${code}\n`);
      renameSync(`${path}.new`, path);
    }
  }

  /** Such calls do not return until they are freed. */
  hold(call: NixlCall): void {
    writeFileSync(join(this.#strings, `${call}.hold`), '');
  }

  free(call: NixlCall): void {
    rmSync(join(this.#strings, `${call}.hold`), { force: true });
  }

  /** Each call up to now: its name and its arguments. */
  log(): string[] {
    return this.#lines().map(([call, , ...rest]) => [call, ...rest].join(' '));
  }

  /** The threads that called it. */
  threads(): Set<number> {
    return new Set(this.#lines().map(([, thread]) => Number(thread)));
  }

  #lines(): string[][] {
    const path = join(this.#strings, 'log');
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

function compile(flags: readonly string[]): void {
  const { status, stderr } = spawnSync('c++', ['-shared', '-fPIC', ...flags]);
  if (status !== 0) throw new Error(String(stderr));
}
