import { type INestApplication } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type * as OpenApi from '@nestjs/swagger';
import { type OpenAPIObject } from '@nestjs/swagger';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { describeAll } from '../../../common/open-api.decorators.js';
import { PACKAGE_VERSION } from '../../../common/package-version.js';

const ROUTES = ['/docs', '/docs/*', '/docs-json', '/docs-yaml'];

/** The OpenAPI description of all routes. */
export async function openApiDocument(app: NestFastifyApplication): Promise<OpenAPIObject> {
  return describe(await import('@nestjs/swagger'), app);
}

/**
 * Serves the description at /docs, /docs-json and /docs-yaml. When it is first asked for it is made, by a Fastify of its
 * own: this one takes no more routes by then.
 */
export function setupOpenApi(app: NestFastifyApplication): void {
  let pages: Promise<FastifyInstance> | undefined;
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    pages ??= openPages(app);
    const { statusCode, headers, rawPayload } = await (await pages).inject(request.url);
    if (statusCode === 404) {
      reply.callNotFound();
      return;
    }
    for (const name of ['content-type', 'cache-control', 'etag', 'last-modified', 'location'])
      if (headers[name] !== undefined) void reply.header(name, headers[name]);
    void reply.code(statusCode).send(rawPayload);
  };
  for (const route of ROUTES) app.getHttpAdapter().get(route, answer);
}

async function openPages(app: NestFastifyApplication): Promise<FastifyInstance> {
  const openApi = await import('@nestjs/swagger');
  const adapter = new FastifyAdapter();
  // A whole application would have the log, which is one for all of a process.
  const pages: Pick<INestApplication, 'getHttpAdapter'> = { getHttpAdapter: () => adapter };
  openApi.SwaggerModule.setup('docs', pages as INestApplication, describe(openApi, app));
  return adapter.getInstance();
}

function describe(openApi: typeof OpenApi, app: NestFastifyApplication): OpenAPIObject {
  describeAll(openApi);
  const config = new openApi.DocumentBuilder()
    .setTitle('kvnest')
    .setDescription(
      'A tiered KV-cache server for LLM inference. Binary bodies and error codes: docs/http-api.md.',
    )
    .setVersion(PACKAGE_VERSION)
    .addBearerAuth()
    .build();
  return openApi.SwaggerModule.createDocument(app, config);
}
