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
]);

/** The log of the server: one line an event, Nest's own wiring only at level `debug`. */
export class ServerLogger extends ConsoleLogger {
  constructor({ logLevel }: Pick<KvnestConfig, 'logLevel'>) {
    super('kvnest', { logLevels: LEVELS.slice(0, LEVELS.indexOf(LAST_LEVEL[logLevel]) + 1) });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    const isWiring = typeof context === 'string' && WIRING.has(context);
    if (!isWiring || this.isLevelEnabled('debug')) super.log(message, ...rest);
  }
}
