import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const ROOT = new URL('../../', import.meta.url).pathname;

/** @returns a hash of the names and contents of files and of everything in folders, in a fixed order. */
export function fingerprint(paths, { skip = () => false } = {}) {
  const hash = createHash('sha256');
  for (const path of paths) add(join(ROOT, path));
  return hash.digest('hex');

  function add(path) {
    if (!existsSync(path) || skip(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) add(join(path, name));
    } else {
      hash
        .update(`${path.slice(ROOT.length)}\0`)
        .update(readFileSync(path))
        .update('\0');
    }
  }
}

/** Remembers in a file what a step was last done for. */
export class Stamp {
  constructor(path) {
    this.path = resolve(ROOT, path);
  }

  read() {
    return existsSync(this.path) ? readFileSync(this.path, 'utf8') : undefined;
  }

  write(text) {
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, text);
  }
}
