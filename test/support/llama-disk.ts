import { open, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Long enough to be found once, short enough to lie in one piece whatever the layout of the files. */
const NEEDLE_BYTES = 512;

/** Flips one bit of `chunk` in the one file under `folder` that holds it. */
export async function flipByteOnDisk(folder: string, chunk: Buffer): Promise<void> {
  const needle = chunk.subarray(chunk.length / 2, chunk.length / 2 + NEEDLE_BYTES);
  const places: { path: string; offset: number }[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    if (!(await stat(path)).isFile()) continue;
    const offset = (await readFile(path)).indexOf(needle);
    if (offset >= 0) places.push({ path, offset });
  }
  const [place, ...others] = places;
  if (place === undefined || others.length > 0) throw new Error(`The chunk lies in ${places.length} files`);
  await using file = await open(place.path, 'r+');
  await file.write(Buffer.of(needle[0]! ^ 1), 0, 1, place.offset);
}
