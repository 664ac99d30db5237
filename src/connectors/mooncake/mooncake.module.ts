import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';
import { intakePlace } from '../intake/value-intake.js';
import { LmcacheLayout } from './layouts/lmcache.layout.js';
import { SealedLayout } from './layouts/sealed.layout.js';
import { readMooncakeSettings } from './mooncake-settings.js';
import { MooncakeConnector } from './mooncake.connector.js';

const DEFAULT_SILENCE_MS = 3_000;
const DEFAULT_MAX_VALUE_BYTES = 1024 ** 3;

@Module({})
class MooncakeConnectorModule {}

/** `mooncakestore://host:port`: a Mooncake Store, over TCP; several masters, of which one leads, are separated by commas. */
export const mooncakeConnector = defineConnector({
  type: 'mooncake',
  schemes: ['mooncakestore'],
  module: MooncakeConnectorModule,
  create: (context) => {
    const { options, masters } = readMooncakeSettings(context);
    const place = intakePlace(context);
    const { metadata_server: metadataServer, transfer_timeout: seconds } = options;
    const silenceMs =
      options.transfer_timeout_ms ??
      (seconds === undefined ? DEFAULT_SILENCE_MS : Math.ceil(1_000 * seconds));
    return new MooncakeConnector({
      label: context.url.label,
      logger: context.logger,
      masters,
      tenant: options.tenant_id,
      replicas: options.replica_num,
      connections: options.connections,
      connectTimeoutMs: options.socket_connect_timeout_ms,
      silenceMs,
      masterSilenceMs: options.master_timeout_ms,
      banMs: options.owner_ban_ms,
      drainTimeoutMs: options.drain_timeout_ms,
      maxValueBytes: options.max_value ?? DEFAULT_MAX_VALUE_BYTES,
      metadataServer: metadataServer === 'P2PHANDSHAKE' ? undefined : metadataServer,
      layout:
        options.layout === 'sealed'
          ? new SealedLayout(place)
          : new LmcacheLayout(place, options.save_chunk_meta),
    });
  },
});
