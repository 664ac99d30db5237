/** Which peers are known to the library, by the metadata that they were added with. Joins of one peer are one. */
export class PeerNames {
  readonly #joins = new Map<string, Promise<string>>();
  readonly #keys = new Map<string, string>();

  get names(): string[] {
    return [...this.#keys.keys()];
  }

  has(name: string): boolean {
    return this.#keys.has(name);
  }

  /** @param load is called unless these metadata are loaded or just being loaded. */
  join(metadata: Uint8Array, load: () => Promise<string>): Promise<string> {
    const key = Buffer.from(metadata).toString('base64');
    const running = this.#joins.get(key);
    if (running !== undefined) return running;
    const join = load().then(
      (name) => {
        this.#keys.set(name, key);
        return name;
      },
      (error: unknown) => {
        this.#joins.delete(key);
        throw error;
      },
    );
    this.#joins.set(key, join);
    return join;
  }

  forget(name: string): void {
    this.#joins.delete(this.#keys.get(name) ?? '');
    this.#keys.delete(name);
  }
}
