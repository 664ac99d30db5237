/** What all reads of prefixes together may hold of chunks that wait for a slower tier in front, beyond their windows. */
export class AheadBudget {
  #freeBytes: number;

  constructor(readonly totalBytes: number) {
    this.#freeBytes = totalBytes;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** @returns false where that much is not left. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#freeBytes += bytes;
  }
}
