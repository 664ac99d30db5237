import { Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ArenaSpaceService } from '../../arena/arena-space.js';
import { ARENA, ARENA_SPACE } from '../../arena/arena.tokens.js';
import { createArena } from '../../arena/create-arena.js';
import { systemClock } from '../../common/clock.js';
import { CLOCK } from '../../common/common.tokens.js';
import { KVNEST_CONFIG, type KvnestConfig, type TierConfig } from '../../config/kvnest-config.interface.js';
import {
  type ConnectorDefinition,
  type ConnectorTarget,
} from '../../connectors/connector-definition.interface.js';
import { connectorLookup } from '../../connectors/connector-lookup.js';
import { parseConnectorUrl } from '../../connectors/connector-url.js';
import { getConnectorToken } from '../../connectors/connectors.tokens.js';
import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { connectorStack } from './connector-stack.js';
import { splitRemoteOptions } from './remote.config.js';

/** Enough for a connector that reads and writes nothing. */
const ARENA_BYTES = 1024 * 1024;
const PINGS = 5;

@Global()
@Module({})
class SurroundingsModule {}

@Module({})
class ProbeModule {}

/**
 * Connects to the store of a tier as the server would, and closes the connection.
 *
 * @returns what logs call the store, what it says of itself, and how long a round trip takes.
 * @throws what the connector throws, and KV_CONFIG_INVALID.
 */
export async function probeStore(
  { name, url: text = '', options }: TierConfig,
  config: KvnestConfig,
  connectors: readonly ConnectorDefinition[],
): Promise<string> {
  const url = parseConnectorUrl(text);
  const { remote, connector: target } = splitRemoteOptions({
    tier: name,
    url,
    options,
    extraConfig: config.extraConfig,
  });
  const connector = await createConnector(target, config, connectors);
  const stack = connectorStack(connector, {
    name,
    label: url.label,
    options: remote,
    onStateChange: () => undefined,
  });
  try {
    await stack.connect();
    const description = await connector.describe?.({
      signal: AbortSignal.timeout(remote.connect_timeout_ms),
    });
    return `${url.label} (${description === undefined ? '' : `${description}; `}${await roundTrip(stack)})`;
  } finally {
    // What it answered counts, and not how it is left.
    await stack.close().catch(() => undefined);
  }
}

/** The shortest of a few: the first one meets code that was never run. */
async function roundTrip(connector: RemoteConnector): Promise<string> {
  let shortestMs = Infinity;
  for (let i = 0; i < PINGS; i++) {
    const started = performance.now();
    await connector.ping();
    shortestMs = Math.min(shortestMs, performance.now() - started);
  }
  return `round trip ${shortestMs.toFixed(1)} ms`;
}

/** By Nest, as in the server, with an arena that is not needed. */
async function createConnector(
  target: ConnectorTarget,
  config: KvnestConfig,
  connectors: readonly ConnectorDefinition[],
): Promise<RemoteConnector> {
  const arena = createArena({ capacityBytes: ARENA_BYTES, native: false });
  const find = connectorLookup(connectors);
  const values = new Map<symbol | string, unknown>([
    [ARENA, arena],
    [ARENA_SPACE, new ArenaSpaceService(arena)],
    [CLOCK, systemClock],
    [KVNEST_CONFIG, config],
  ]);
  const surroundings = {
    module: SurroundingsModule,
    providers: [...values].map(([provide, useValue]) => ({ provide, useValue })),
    exports: [...values.keys()],
  };
  const application = await NestFactory.createApplicationContext(
    { module: ProbeModule, imports: [surroundings, find(target.url.scheme).register(target, find)] },
    { logger: false, abortOnError: false },
  );
  return application.get(getConnectorToken(target.tier), { strict: false });
}
