import { randomUUID } from 'node:crypto';
import { type Dir } from 'node:fs';
import { opendir } from 'node:fs/promises';

/** Listings that are open at once; the oldest is closed for a new one. */
const MAX_LISTINGS = 8;
/** Names that the system is asked for at once. */
const BATCH = 512;

export interface ListedFile {
  readonly directory: string;
  readonly name: string;
}

interface Listing {
  readonly directories: string[];
  current: Dir | undefined;
}

/**
 * Pages through directories of any size without keeping their names: the cursor stands for a directory that is open.
 * One that is not known any more starts the listing over, so that nothing is left out.
 */
export class DirectoryPages {
  readonly #open = new Map<string, Listing>();

  constructor(private readonly directories: readonly string[]) {}

  /** @returns an empty cursor with the last page. */
  async next(
    cursor: string,
    count: number,
  ): Promise<{ readonly files: ListedFile[]; readonly cursor: string }> {
    const listing = this.#open.get(cursor) ?? { directories: [...this.directories], current: undefined };
    this.#open.delete(cursor);
    const files: ListedFile[] = [];
    try {
      while (files.length < count) {
        const file = await nextFile(listing);
        if (file === undefined) return { files, cursor: '' };
        files.push(file);
      }
    } catch (error) {
      await closeListing(listing);
      throw error;
    }
    return { files, cursor: await this.#keep(listing) };
  }

  async close(): Promise<void> {
    const listings = [...this.#open.values()];
    this.#open.clear();
    for (const listing of listings) await closeListing(listing);
  }

  async #keep(listing: Listing): Promise<string> {
    const cursor = randomUUID();
    this.#open.set(cursor, listing);
    for (const [oldest, abandoned] of this.#open) {
      if (this.#open.size <= MAX_LISTINGS) break;
      this.#open.delete(oldest);
      await closeListing(abandoned);
    }
    return cursor;
  }
}

async function nextFile(listing: Listing): Promise<ListedFile | undefined> {
  for (;;) {
    if (listing.current === undefined) {
      const directory = listing.directories.shift();
      if (directory === undefined) return undefined;
      listing.current = await opendir(directory, { bufferSize: BATCH });
    }
    const entry = await listing.current.read();
    if (entry === null) await closeListing(listing);
    else if (!entry.isDirectory()) return { directory: listing.current.path, name: entry.name };
  }
}

async function closeListing(listing: Listing): Promise<void> {
  const { current } = listing;
  listing.current = undefined;
  await current?.close();
}
