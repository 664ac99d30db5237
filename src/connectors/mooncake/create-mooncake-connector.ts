import { hostname } from 'node:os';
import { type ConnectorContext } from '../connector-definition.interface.js';
import { intakePlace } from '../intake/value-intake.js';
import { LmcacheLayout } from './layouts/lmcache.layout.js';
import { SealedLayout } from './layouts/sealed.layout.js';
import { type MooncakeEngine } from './mooncake-engine.interface.js';
import { addressOf, type MooncakeSettings, readMooncakeSettings } from './mooncake-settings.js';
import { MooncakeConnector } from './mooncake.connector.js';
import { NativeEngine } from './native/native.engine.js';
import { WireEngine } from './wire.engine.js';

const DEFAULT_SILENCE_MS = 3_000;
const DEFAULT_MAX_VALUE_BYTES = 1024 ** 3;
/** Found where the system's loader looks. */
const DEFAULT_LIBRARY = 'libmooncake_store.so';

/** @throws KV_CONFIG_INVALID */
export function createMooncakeConnector(context: ConnectorContext): MooncakeConnector {
  const settings = readMooncakeSettings(context);
  const { options } = settings;
  const place = intakePlace(context);
  return new MooncakeConnector({
    label: context.url.label,
    engine: options.engine === 'native' ? nativeEngine(context, settings) : wireEngine(context, settings),
    drainTimeoutMs: options.drain_timeout_ms,
    maxValueBytes: options.max_value ?? DEFAULT_MAX_VALUE_BYTES,
    layout:
      options.layout === 'sealed'
        ? new SealedLayout(place)
        : new LmcacheLayout(place, options.save_chunk_meta),
  });
}

function wireEngine(
  { url, logger }: ConnectorContext,
  { options, masters }: MooncakeSettings,
): MooncakeEngine {
  const { metadata_server: metadataServer, transfer_timeout: seconds } = options;
  return new WireEngine({
    label: url.label,
    logger,
    masters,
    tenant: options.tenant_id,
    replicas: options.replica_num,
    connections: options.connections,
    connectTimeoutMs: options.socket_connect_timeout_ms,
    silenceMs:
      options.transfer_timeout_ms ??
      (seconds === undefined ? DEFAULT_SILENCE_MS : Math.ceil(1_000 * seconds)),
    masterSilenceMs: options.master_timeout_ms,
    banMs: options.owner_ban_ms,
    metadataServer: metadataServer === 'P2PHANDSHAKE' ? undefined : metadataServer,
  });
}

function nativeEngine(
  { url, arena }: ConnectorContext,
  { options, masters }: MooncakeSettings,
): MooncakeEngine {
  const [master = { host: '', port: 0 }] = masters;
  const library = process.env['MOONCAKE_STORE_LIBRARY'];
  return new NativeEngine({
    label: url.label,
    connections: options.connections,
    memory: arena.buffer,
    settings: {
      library: library === undefined || library === '' ? DEFAULT_LIBRARY : library,
      hostname: options.local_hostname ?? hostname(),
      metadataServer: options.metadata_server,
      protocol: options.protocol,
      device: options.device_name ?? '',
      master: addressOf(master),
      replicas: options.replica_num,
    },
  });
}
