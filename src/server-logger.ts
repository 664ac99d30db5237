import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { type KvnestConfig } from './config/kvnest-config.interface.js';

const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug'];
const LAST_LEVEL = { error: 'error', warn: 'warn', info: 'log', debug: 'debug' } as const;

/** What Nest tells about its own wiring: a line for every module and route, of use to developers only. */
const WIRING = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'NestMicroservice',
]);

/** What Nest logs of a start that failed, which it throws, too. */
const FAILED_START = new Set(['ExceptionHandler', 'NestApplication']);

/** The log of the server: one line an event; what only developers of the server use at level `debug`. */
export class ServerLogger extends ConsoleLogger {
  /** @param isTerminal whether somebody looks at it; the log in a file, or of a container, has no colours. */
  constructor({ logLevel }: Pick<KvnestConfig, 'logLevel'>, isTerminal: boolean = process.stdout.isTTY) {
    super('kvnest', {
      logLevels: LEVELS.slice(0, LEVELS.indexOf(LAST_LEVEL[logLevel]) + 1),
      ...(!isTerminal && { colors: false }),
    });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (this.#isWanted(rest, WIRING)) super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (this.#isWanted(rest, FAILED_START)) super.error(message, ...rest);
  }

  #isWanted(rest: readonly unknown[], forDevelopers: ReadonlySet<string>): boolean {
    const context = rest.at(-1);
    return !(typeof context === 'string' && forDevelopers.has(context)) || this.isLevelEnabled('debug');
  }
}
