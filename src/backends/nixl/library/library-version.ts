import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const WHEEL_FOLDER = /^\.(nixl_cu\d+)\.mesonpy\.libs$/;
const DIST_INFO = /^(nixl_cu\d+)-(.+)\.dist-info$/;

/** @returns the version of the wheel that this library lies in, `unknown` for any other: the library does not say. */
export function nixlVersionOf(library: string): string {
  const [, wheel] = WHEEL_FOLDER.exec(basename(dirname(library))) ?? [];
  if (wheel === undefined) return 'unknown';
  for (const name of readdirSync(dirname(dirname(library)))) {
    const [, package_, version] = DIST_INFO.exec(name) ?? [];
    if (package_ === wheel && version !== undefined) return version;
  }
  return 'unknown';
}
