import { ByteSize, Items, OneOf, OpenMapping, WholeNumber } from '../schema/setting.decorators.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const KIB = 1024;
const MIB = 2 ** 20;

/** How a plugin script is run: of all of them in `plugins`, of one in `plugins.scripts`. */
export class PluginPolicySettings {
  @OneOf('never', 'on-failure', 'always')
  restart: 'never' | 'on-failure' | 'always' = 'on-failure';

  /** Restarts within `restart_window_ms`; after more of them it stays down. */
  @WholeNumber({ min: 0, max: 1_000_000 })
  max_restarts = 5;

  @WholeNumber({ min: 1, max: DAY_MS })
  restart_window_ms = 60_000;

  /** Pause before the first restart; each further one doubles it. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  backoff_ms = 500;

  @WholeNumber({ min: 1, max: HOUR_MS })
  backoff_max_ms = 30_000;

  /** How long it may take until it says that it is ready; 0 = it is at once, and need not say so. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  start_timeout_ms = 0;

  /** From SIGTERM to SIGKILL. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  stop_timeout_ms = 5_000;

  /** How often it has to say that it is alive; 0 = it need not. */
  @WholeNumber({ min: 0, max: DAY_MS })
  heartbeat_ms = 0;

  @WholeNumber({ min: 0, max: 19 })
  nice = 0;

  /** Address space of each of its processes. Default: no limit. */
  @ByteSize({ minBytes: MIB })
  memory?: number;

  /** Longer lines of output are cut. */
  @ByteSize({ minBytes: 80 })
  max_line = 16 * KIB;

  /** More output is dropped and counted. */
  @ByteSize({ minBytes: KIB })
  max_output_per_second = MIB;

  /** Variables that go on to it although they look like secrets. */
  @Items()
  pass_environment: string[] = [];
}

export class PluginsSettings extends PluginPolicySettings {
  /** By the name of a script: what differs for it. Validated when the configuration is built. */
  @OpenMapping()
  scripts: Record<string, unknown> = {};
}
