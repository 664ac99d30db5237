const MAX_LINE_CHARACTERS = 512;

/** The last lines, each shortened, oldest first. */
export class RecentLines {
  readonly #lines: string[] = [];

  constructor(private readonly capacity: number) {}

  push(line: string): void {
    if (this.#lines.length === this.capacity) this.#lines.shift();
    const isLong = line.length > MAX_LINE_CHARACTERS;
    this.#lines.push(isLong ? `${line.slice(0, MAX_LINE_CHARACTERS)}…` : line);
  }

  toArray(): readonly string[] {
    return [...this.#lines];
  }
}
