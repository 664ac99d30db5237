import 'reflect-metadata';
import { type INestApplication, type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type AppExtensions, AppModule } from './app.module.js';
import { exitNow } from './arena/native/exit-now.js';
import { banner } from './banner.js';
import { type DoorLimits, type KvnestConfig } from './config/kvnest-config.interface.js';
import { type LoadedExternals, loadExternals } from './external/load-externals.js';
import { getDoorToken } from './modules/doors/doors.tokens.js';
import { createHttpApp } from './modules/doors/http/create-http-app.js';
import { listenError } from './modules/doors/listen-error.js';
import { type MessageDoor } from './modules/doors/message-door.interface.js';
import { ServerLogger } from './server-logger.js';

/** What `serve` needs of a loaded configuration. */
export interface ServeOptions {
  readonly config: KvnestConfig;
  readonly warnings: readonly string[];
}

/**
 * Builds and starts the whole server: when it returns, the doors listen, and plugin scripts begin to start. The caller
 * closes it.
 */
export async function startServer(
  config: KvnestConfig,
  extensions: AppExtensions = {},
): Promise<INestApplicationContext> {
  const externals = await loadExternals(config.externals);
  return openServer(config, withExternals(extensions, externals)).catch((error: unknown) => {
    throw externals.explain(error);
  });
}

async function openServer(config: KvnestConfig, extensions: AppExtensions): Promise<INestApplicationContext> {
  const root = AppModule.forRoot(config, extensions);
  const options = { logger: new ServerLogger(config), abortOnError: false };
  const { http } = config.doors;
  // Of an application context that does not start nobody could close what has started. A server need not listen.
  const app =
    http === false
      ? await NestFactory.create(root, new FastifyAdapter(), options)
      : await createHttpApp(root, config, options);
  try {
    connectMessageDoors(app, config);
    await app.init();
    await app.startAllMicroservices();
    if (http !== false) await listen(app, http);
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** What the embedding application brings, and behind it what the configuration names. */
function withExternals(
  extensions: AppExtensions,
  { backends, connectors, modules }: LoadedExternals,
): AppExtensions {
  return {
    ...extensions,
    backends: [...(extensions.backends ?? []), ...backends],
    connectors: [...(extensions.connectors ?? []), ...connectors],
    modules: [...(extensions.modules ?? []), ...modules],
  };
}

/** Handlers of messages get the global guards, pipes, interceptors and filters that those of HTTP have. */
function connectMessageDoors(app: INestApplication, { doors }: KvnestConfig): void {
  for (const name of ['tcp', 'nest'] as const) {
    if (doors[name] === false) continue;
    const { strategy } = app.get<MessageDoor>(getDoorToken(name));
    app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  }
}

async function listen(app: INestApplication, http: DoorLimits): Promise<void> {
  try {
    await app.listen(http.port, http.host);
  } catch (error) {
    throw listenError('http', http, error);
  }
}

/** Runs the server until SIGTERM or SIGINT, then drains and exits. */
export async function serve({ config, warnings }: ServeOptions): Promise<void> {
  Logger.overrideLogger(new ServerLogger(config));
  const logger = new Logger('kvnest');
  for (const warning of warnings) logger.warn(warning);
  const app = await startServer(config);
  closeOnSignal(app, logger);
  process.stdout.write(banner(app, config));
}

/** A signal that comes while the server closes changes nothing. */
function closeOnSignal(app: INestApplicationContext, logger: Logger): void {
  let closing = false;
  const close = async (signal: NodeJS.Signals): Promise<void> => {
    if (closing) return;
    closing = true;
    try {
      await app.close();
    } catch (error) {
      logger.error('The server did not close cleanly', error);
      process.exitCode = 1;
    }
    exitNow(Number(process.exitCode ?? 0), signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void close(signal));
}
