import { type DynamicModule, Module } from '@nestjs/common';
import { type Clock } from '../common/clock.js';
import { CLOCK } from '../common/common.tokens.js';
import { type KvnestConfig } from '../config/kvnest-config.interface.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../modules/doors/door-registry.js';
import { DOOR_SECRET, type DoorSecret } from '../modules/doors/door-secret.js';
import { discoverPlugins } from './discovery/discover-plugins.js';
import { PLUGIN_EVENTS } from './plugin-event.interface.js';
import { PluginLauncher } from './plugin-launcher.js';
import { PLUGIN_MANAGER, PluginManager } from './plugin-manager.js';
import { PLUGIN_OVERVIEW } from './plugin-status.interface.js';
import { PluginsController } from './plugins.controller.js';
import { startSupervised } from './process/start-supervised.js';

/**
 * The plugin scripts. They are found when the graph is built. The module that imports the doors starts and stops them: of a
 * global module, as this one is, Nest calls the hooks before those of the doors at the start, and after all others at the end.
 * Needs CLOCK, DOOR_REGISTRY and DOOR_SECRET from global modules; gives PLUGIN_EVENTS and PLUGIN_OVERVIEW to all.
 */
@Module({})
export class PluginModule {
  static forRoot(config: KvnestConfig): DynamicModule {
    return {
      module: PluginModule,
      global: true,
      controllers: config.doors.http === false ? [] : [PluginsController],
      providers: [
        {
          provide: PLUGIN_MANAGER,
          inject: [DOOR_REGISTRY, DOOR_SECRET, CLOCK],
          useFactory: (doors: DoorRegistry, secret: DoorSecret, clock: Clock) =>
            createManager(config, doors, secret, clock),
        },
        { provide: PLUGIN_OVERVIEW, useExisting: PLUGIN_MANAGER },
        {
          provide: PLUGIN_EVENTS,
          inject: [PLUGIN_MANAGER],
          useFactory: (manager: PluginManager) => manager.events,
        },
      ],
      exports: [PLUGIN_MANAGER, PLUGIN_OVERVIEW, PLUGIN_EVENTS],
    };
  }
}

async function createManager(
  config: KvnestConfig,
  doors: DoorRegistry,
  secret: DoorSecret,
  clock: Clock,
): Promise<PluginManager> {
  const { env } = process;
  return new PluginManager({
    plugins: await discoverPlugins(config.plugins, env),
    launcher: new PluginLauncher({ config, doors, secret, startProcess: startSupervised, env }),
    clock,
    random: Math.random,
  });
}
