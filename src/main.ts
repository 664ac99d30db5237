import 'reflect-metadata';
import { type INestApplicationContext, Logger, type LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type AppExtensions, AppModule } from './app.module.js';
import { banner } from './banner.js';
import { type KvnestConfig } from './config/kvnest-config.interface.js';
import { createHttpApp } from './modules/doors/http/create-http-app.js';

/** What `serve` needs of a loaded configuration. */
export interface ServeOptions {
  readonly config: KvnestConfig;
  readonly warnings: readonly string[];
}

const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug'];
const LAST_LEVEL = { error: 'error', warn: 'warn', info: 'log', debug: 'debug' } as const;

/** Builds and starts the whole server: when it returns, the doors listen. The caller closes it. */
export async function startServer(
  config: KvnestConfig,
  extensions: AppExtensions = {},
): Promise<INestApplicationContext> {
  const root = AppModule.forRoot(config, extensions);
  const logger = LEVELS.slice(0, LEVELS.indexOf(LAST_LEVEL[config.logLevel]) + 1);
  const { http } = config.doors;
  if (http === false) {
    return NestFactory.createApplicationContext(root, { logger, abortOnError: false });
  }
  const app = await createHttpApp(root, config, { logger, abortOnError: false });
  await app.listen(http.port, http.host);
  return app;
}

/** Runs the server until SIGTERM or SIGINT, then drains and exits. */
export async function serve({ config, warnings }: ServeOptions): Promise<void> {
  const logger = new Logger('kvnest');
  for (const warning of warnings) logger.warn(warning);
  const app = await startServer(config);
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  process.stdout.write(banner(app, config));
}
