import { type DynamicModule } from '@nestjs/common';
import { type KvnestConfig, type TierConfig } from '../config/kvnest-config.interface.js';
import { type AdmissionPolicyFactory } from './admission-policy.interface.js';
import { type EvictionPolicyFactory } from './eviction-policy.interface.js';

/** One kind of backend, as the catalogue lists it. */
export interface BackendDefinition {
  /** The `type` of a tier in the configuration, equal to the folder's name. */
  readonly type: string;
  /**
   * A module that provides and exports the backend of this tier under `getBackendToken(tier.name)`. It may inject
   * ARENA, ARENA_SPACE, CLOCK, EVICTION_POLICIES, ADMISSION_POLICIES and KVNEST_CONFIG, which are global.
   */
  register(tier: TierConfig): DynamicModule;
  /**
   * Reaches for what the backend needs beyond this machine, as it would at its start, for `kvnest doctor`.
   *
   * @returns what to call it, or one answer for each of several.
   * @throws KvError: of kind `config` where the server would not start.
   */
  probe?(tier: TierConfig, config: KvnestConfig): Promise<string | readonly BackendProbe[]>;
}

/** One of several things that a backend needs beyond this machine. */
export interface BackendProbe {
  /** What to call it. */
  readonly what: string;
  /** Why it does not answer; undefined: it does. */
  readonly error?: unknown;
}

/** Finds a policy by its name in the configuration. @throws KV_CONFIG_INVALID for a name nobody knows. */
export type EvictionPolicyLookup = (name: string) => EvictionPolicyFactory;

/**
 * Finds an admission policy by its name in the configuration; without a name, the one that takes every chunk.
 *
 * @throws KV_CONFIG_INVALID for a name nobody knows.
 */
export type AdmissionPolicyLookup = (name?: string) => AdmissionPolicyFactory;
