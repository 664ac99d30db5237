/** Which methods a path has: what Fastify's router does not tell. */
export class RouteTable {
  readonly #routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** @param route as Fastify writes it: `/v1/objects/:key`. */
  add(route: string, methods: string | readonly string[]): void {
    let entry = this.#routes.get(route);
    if (entry === undefined) {
      entry = { pattern: patternOf(route), methods: new Set() };
      this.#routes.set(route, entry);
    }
    for (const method of typeof methods === 'string' ? [methods] : methods) entry.methods.add(method);
  }

  /** @returns the methods of all routes that the path of `url` fits, sorted. */
  methodsOf(url: string): readonly string[] {
    const [path = ''] = url.split('?', 1);
    const fitting = [...this.#routes.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(fitting.flatMap(({ methods }) => [...methods]))].sort();
  }
}

function patternOf(route: string): RegExp {
  const segments = route.split('/').map((segment) => {
    if (segment.startsWith(':')) return '[^/]+';
    return segment === '*' ? '.*' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${segments.join('/')}$`);
}
