import { KvError } from '../common/errors/kv-error.js';

export interface Problem {
  /** Dotted path of the setting, such as `doors.http.port` or `tiers[0].capacity`; empty for the whole file. */
  readonly path: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
  /** Where it was set: a file, `KVNEST_…` or `--set`. */
  readonly origin?: string | undefined;
}

/** What was found while reading a configuration: problems, which are reported all at once, and warnings. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly warnings: string[] = [];

  problem(path: string, message: string, origin?: string): void {
    this.problems.push({ path, message, origin });
  }

  warn(message: string): void {
    this.warnings.push(message);
  }

  /** Whether `path` or something below it has a problem. */
  hasProblemAt(path: string): boolean {
    return this.problems.some(
      (problem) =>
        problem.path === path || problem.path.startsWith(`${path}.`) || problem.path.startsWith(`${path}[`),
    );
  }

  /** @throws KV_CONFIG_INVALID with every problem in its message and in `details.problems`. */
  throwProblems(): void {
    if (this.problems.length === 0) return;
    const lines = this.problems.map(({ path, message, origin }) => {
      const where = origin === undefined ? '' : ` (${origin})`;
      return `  ${path === '' ? message : `${path}: ${message}`}${where}`;
    });
    const count = lines.length === 1 ? '1 error' : `${lines.length} errors`;
    throw new KvError('KV_CONFIG_INVALID', `the configuration has ${count}:\n${lines.join('\n')}`, {
      kind: 'config',
      remedy: 'Mend these settings; docs/configuration.md describes every one.',
      details: { problems: this.problems },
    });
  }
}
