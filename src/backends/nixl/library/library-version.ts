import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const WHEEL_FOLDER = /^\.(nixl_cu\d+)\.mesonpy\.libs$/;

/** @returns the version of the wheel that this library lies in, `unknown` for any other: the library does not say. */
export function nixlVersionOf(library: string): string {
  const [, wheel] = WHEEL_FOLDER.exec(basename(dirname(library))) ?? [];
  if (wheel === undefined) return 'unknown';
  const [found] = globSync(join(dirname(dirname(library)), `${wheel}-*.dist-info`));
  return found?.slice(0, -'.dist-info'.length).split('-').at(-1) ?? 'unknown';
}
