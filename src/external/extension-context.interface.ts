import { type Arena } from '../arena/arena.interface.js';
import { type ArenaSpace } from '../arena/arena-space.interface.js';
import {
  type AdmissionPolicyLookup,
  type EvictionPolicyLookup,
} from '../backends/backend-definition.interface.js';
import { type Clock } from '../common/clock.js';
import { type KvnestConfig, type TierConfig } from '../config/kvnest-config.interface.js';
import { type ConnectorContext, type ConnectorLogger } from '../connectors/connector-definition.interface.js';

export type ExtensionLogger = ConnectorLogger;

/** What every extension may use. The configuration is the whole one, secrets included. */
export interface ExtensionServices {
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly clock: Clock;
  readonly config: KvnestConfig;
  /** For tiers that evict: `findPolicy(tier.policy)`. */
  readonly findPolicy: EvictionPolicyLookup;
  /** For tiers that do not take everything: `findAdmission(tier.admission)`. */
  readonly findAdmission: AdmissionPolicyLookup;
  readonly logger: ExtensionLogger;
}

/** What the constructor of a backend without decorators is given: its tier, with all its options, and the services. */
export type BackendContext = TierConfig & ExtensionServices;

/** What the constructor of a connector without decorators is given. */
export type ExternalConnectorContext = ConnectorContext & {
  /** Name of the tier, as `tier`. */
  readonly name: string;
};
