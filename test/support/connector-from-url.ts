import { Global, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ARENA, ARENA_SPACE } from '../../src/arena/arena.tokens.js';
import { CLOCK } from '../../src/common/common.tokens.js';
import { KVNEST_CONFIG } from '../../src/config/kvnest-config.interface.js';
import { type ConnectorDefinition } from '../../src/connectors/connector-definition.interface.js';
import { connectorLookup } from '../../src/connectors/connector-lookup.js';
import { parseConnectorUrl } from '../../src/connectors/connector-url.js';
import { CONNECTORS_CATALOG } from '../../src/connectors/connectors.catalog.js';
import { getConnectorToken } from '../../src/connectors/connectors.tokens.js';
import { type RemoteConnector } from '../../src/connectors/remote-connector.interface.js';
import { type ConnectorWorldContext } from '../contracts/connector/connector-world.js';

@Global()
@Module({})
class SurroundingsModule {}

@Module({})
class ConnectorFromUrlModule {}

export interface UrlParts {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly extraConfig?: Readonly<Record<string, unknown>>;
  readonly definitions?: readonly ConnectorDefinition[];
}

/** The connector that a tier with this URL would have, made by Nest as the server does. */
export async function connectorFromUrl(
  text: string,
  { arena, space, clock }: ConnectorWorldContext,
  { options = {}, extraConfig = {}, definitions = CONNECTORS_CATALOG }: UrlParts = {},
): Promise<RemoteConnector> {
  const url = parseConnectorUrl(text);
  const find = connectorLookup(definitions);
  const values = new Map<symbol | string, unknown>([
    [ARENA, arena],
    [ARENA_SPACE, space],
    [CLOCK, clock],
    [KVNEST_CONFIG, { extraConfig }],
  ]);
  const application: INestApplicationContext = await NestFactory.createApplicationContext(
    {
      module: ConnectorFromUrlModule,
      imports: [
        {
          module: SurroundingsModule,
          providers: [...values].map(([provide, useValue]) => ({ provide, useValue })),
          exports: [...values.keys()],
        },
        find(url.scheme).register({ tier: 'far', url, options, extraConfig }, find),
      ],
    },
    { logger: false, abortOnError: false },
  );
  return application.get(getConnectorToken('far'), { strict: false });
}
