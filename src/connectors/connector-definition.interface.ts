import { type DynamicModule } from '@nestjs/common';
import { type Arena } from '../arena/arena.interface.js';
import { type ArenaSpace } from '../arena/arena-space.interface.js';
import { type Clock } from '../common/clock.js';
import { type KvnestConfig } from '../config/kvnest-config.interface.js';
import { type ConnectorUrl } from './connector-url.js';

/** Which store, for which tier. */
export interface ConnectorTarget {
  /** Name of the tier. */
  readonly tier: string;
  readonly url: ConnectorUrl;
  /** What the tier's options hold beside those of the remote backend itself. */
  readonly options: Readonly<Record<string, unknown>>;
  /** LMCache's `extra_config`, where it keeps options of its connectors. */
  readonly extraConfig: Readonly<Record<string, unknown>>;
}

/** What a connector is made from. */
export interface ConnectorContext extends ConnectorTarget {
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly clock: Clock;
  readonly config: KvnestConfig;
  readonly logger: ConnectorLogger;
}

export interface ConnectorLogger {
  debug(message: string): void;
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** One kind of connector, as the catalogue lists it. */
export interface ConnectorDefinition {
  /** Equal to the folder's name. */
  readonly type: string;
  /** Schemes of the URLs it understands, in lower case. */
  readonly schemes: readonly string[];
  /**
   * A module that provides and exports the connector under `getConnectorToken(target.tier)`. It may inject ARENA,
   * ARENA_SPACE, CLOCK and KVNEST_CONFIG, which are global.
   *
   * @param find for a connector that wraps another one.
   * @throws KV_CONFIG_INVALID for a URL or options it does not understand.
   */
  register(target: ConnectorTarget, find: ConnectorLookup): DynamicModule;
}

/** Finds the connector of a scheme. @throws KV_CONFIG_UNKNOWN_SCHEME */
export type ConnectorLookup = (scheme: string) => ConnectorDefinition;
