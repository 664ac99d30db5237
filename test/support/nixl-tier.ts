import { randomUUID } from 'node:crypto';
import { type Arena } from '../../src/arena/arena.interface.js';
import { type ArenaSpace } from '../../src/arena/arena-space.interface.js';
import { createReader } from '../../src/backends/nixl/create-reader.js';
import { type NixlAgent } from '../../src/backends/nixl/agent/nixl-agent.interface.js';
import { NixlHost } from '../../src/backends/nixl/nixl-host.js';
import { NixlBackend } from '../../src/backends/nixl/nixl.backend.js';
import { NixlOptions } from '../../src/backends/nixl/nixl.config.js';
import { createSources } from '../../src/backends/nixl/peers/create-sources.js';
import { type Clock, systemClock } from '../../src/common/clock.js';
import { readOptions } from '../../src/config/read-options.js';
import { intakePlace } from '../../src/connectors/intake/value-intake.js';
import { RecordingLogger } from './recording-logger.js';

export interface NixlTierParts {
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly clock?: Clock;
  readonly bootId?: string;
  readonly logger?: RecordingLogger;
  /** What starts an agent over the arena's region; absent: it reads over TCP. */
  readonly startAgent?: () => Promise<NixlAgent>;
}

const NO_DOORS = { http: false, resp: false, lm: false, tcp: false, nest: false } as const;

/** A tier that reads from peers, as the server makes it, not yet open. */
export function nixlTier(given: Readonly<Record<string, unknown>>, parts: NixlTierParts): NixlBackend {
  const { arena, space, clock = systemClock, bootId = randomUUID(), logger = new RecordingLogger() } = parts;
  const { startAgent } = parts;
  const host = startAgent && new NixlHost({ start: startAgent, logger });
  const options = readOptions(NixlOptions, 'peers', given);
  const place = intakePlace({ arena, space });
  return new NixlBackend({
    name: 'peers',
    bootId,
    options,
    clock,
    sources: createSources({ tier: 'peers', options, doors: NO_DOORS, bootId, logger }),
    createReader: (address) => {
      const agent = host?.agent();
      const way = { transferTimeoutMs: options.timeout_ms, isRequired: options.transport === 'nixl', logger };
      return createReader(address, place, agent && { ...way, agent });
    },
    host,
    logger,
  });
}
