import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { PACKAGE_VERSION } from '../../../common/package-version.js';

/** The OpenAPI description of all routes. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('kvnest')
    .setDescription(
      'A tiered KV-cache server for LLM inference. Binary bodies and error codes: docs/http-api.md.',
    )
    .setVersion(PACKAGE_VERSION)
    .addBearerAuth()
    .build();
  return SwaggerModule.createDocument(app, config);
}

/** Serves the description at /docs, /docs-json and /docs-yaml; it is made when it is first asked for. */
export function setupOpenApi(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app));
}
