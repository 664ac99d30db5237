/** Names, of which the oldest is forgotten when there are too many. */
export class RecentNames extends Set<string> {
  constructor(private readonly maxNames: number) {
    super();
  }

  override add(name: string): this {
    super.add(name);
    if (this.size <= this.maxNames) return this;
    const [oldest = name] = this;
    this.delete(oldest);
    return this;
  }
}
