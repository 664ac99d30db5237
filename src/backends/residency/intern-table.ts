/** Stands for every text that came when the table was full. */
export const OTHER = 0;

/**
 * Gives a small number to each text in use. Counts the uses, so that a number becomes free with the last of them.
 */
export class InternTable {
  readonly #ids = new Map<string, number>();
  readonly #texts: string[] = [''];
  readonly #uses: number[] = [0];
  readonly #free: number[] = [];

  /** @param limit ids are below it. */
  constructor(readonly limit: number) {}

  /** One more use of `text`. @returns its id, or OTHER when there are too many different texts. */
  acquire(text: string): number {
    const id = this.#ids.get(text) ?? this.#assign(text);
    if (id !== OTHER) this.#uses[id] = (this.#uses[id] ?? 0) + 1;
    return id;
  }

  release(id: number): void {
    if (id === OTHER) return;
    const uses = (this.#uses[id] ?? 0) - 1;
    this.#uses[id] = uses;
    if (uses > 0) return;
    this.#ids.delete(this.#texts[id] ?? '');
    this.#free.push(id);
  }

  /** The id of a text in use, or undefined. */
  idOf(text: string): number | undefined {
    return this.#ids.get(text);
  }

  #assign(text: string): number {
    const id = this.#free.pop() ?? this.#texts.length;
    if (id >= this.limit) return OTHER;
    this.#texts[id] = text;
    this.#uses[id] = 0;
    this.#ids.set(text, id);
    return id;
  }
}
