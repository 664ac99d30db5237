export interface LogLine {
  readonly level: 'log' | 'warn' | 'error';
  readonly message: string;
}

/** Keeps the lines it is given. */
export class RecordingLogger {
  readonly lines: LogLine[] = [];

  log(message: string): void {
    this.lines.push({ level: 'log', message });
  }

  warn(message: string): void {
    this.lines.push({ level: 'warn', message });
  }

  error(message: string): void {
    this.lines.push({ level: 'error', message });
  }

  count(level: LogLine['level']): number {
    return this.lines.filter((line) => line.level === level).length;
  }
}
