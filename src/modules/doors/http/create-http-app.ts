import { type DynamicModule, type NestApplicationOptions, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type KvnestConfig } from '../../../config/kvnest-config.interface.js';
import { KvError } from '../../../common/errors/kv-error.js';
import { setupOpenApi } from './open-api.js';
import { serverOptions } from './server/server-options.js';

/** What the caller may say about the application. */
export type HttpAppOptions = Pick<NestApplicationOptions, 'logger' | 'abortOnError' | 'bufferLogs'>;

/**
 * The application with its HTTP server, not yet listening: `await app.listen(http.port, http.host)` is next.
 *
 * @param rootModule has `HttpDoorModule` among its imports.
 * @throws KV_CONFIG_HTTP_DOOR when the configuration has no HTTP door.
 */
export async function createHttpApp(
  rootModule: Type | DynamicModule,
  config: KvnestConfig,
  options: HttpAppOptions = {},
): Promise<NestFastifyApplication> {
  const { http } = config.doors;
  if (http === false) {
    throw new KvError('KV_CONFIG_HTTP_DOOR', 'doors.http is off', {
      kind: 'config',
      remedy: 'Set doors.http to true, or to its host and port.',
    });
  }
  const nestOptions: HttpAppOptions & Pick<NestApplicationOptions, 'bodyParser'> = {
    ...options,
    bodyParser: false,
  };
  const adapter = new FastifyAdapter(serverOptions(http));
  const app = await NestFactory.create<NestFastifyApplication>(rootModule, adapter, nestOptions);
  app.getHttpServer().maxConnections = http.maxConnections;
  setupOpenApi(app);
  return app;
}
