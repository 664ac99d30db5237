import { sep } from 'node:path';

/** Gives each file a name: its path below its location, and as much before that as it takes to be the only one. */
export class UniqueNames {
  readonly #taken = new Set<string>();

  has(name: string): boolean {
    return this.#taken.has(name);
  }

  /** @param path absolute; it ends in `relativePath`. */
  add(path: string, relativePath: string): string {
    const parts = path.split(sep);
    let length = relativePath.split(sep).length;
    while (this.has(nameOf(parts, length)) && length < parts.length) length++;
    const name = nameOf(parts, length);
    this.#taken.add(name);
    return name;
  }
}

function nameOf(parts: readonly string[], length: number): string {
  return parts.slice(-length).join('/');
}
