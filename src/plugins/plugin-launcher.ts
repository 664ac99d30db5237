import { type KvnestConfig } from '../config/kvnest-config.interface.js';
import { type DoorRegistry } from '../modules/doors/door-registry.js';
import { type DoorSecret } from '../modules/doors/door-secret.js';
import { configSecrets } from './environment/config-secrets.js';
import { type ConfigText, writeConfigText } from './environment/config-text.js';
import { type DoorAddresses, doorAddresses } from './environment/door-addresses.js';
import { inheritedEnvironment } from './environment/inherited-environment.js';
import { pluginConfig } from './environment/plugin-config.js';
import { pluginEnvironment } from './environment/plugin-environment.js';
import { type LaunchedProcess } from './life/plugin-process.js';
import { type SelectedScript } from './plugin-script.interface.js';
import { type OutputReaders, type StartSupervised } from './process/supervised-process.interface.js';

export interface PluginLauncherParts {
  readonly config: KvnestConfig;
  readonly doors: DoorRegistry;
  readonly secret: DoorSecret;
  readonly startProcess: StartSupervised;
  /** That of the server. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Starts the processes of plugins, each with a token of its own for the doors, which dies with it. */
export class PluginLauncher {
  readonly #parts: PluginLauncherParts;
  readonly #secrets: readonly string[];
  #configText: Promise<ConfigText> | undefined;

  constructor(parts: PluginLauncherParts) {
    this.#parts = parts;
    this.#secrets = configSecrets(parts.config);
  }

  /** The doors listen. @throws KV_PLUGIN_SPAWN */
  async launch(
    script: SelectedScript,
    readers: OutputReaders,
    signal?: AbortSignal,
  ): Promise<LaunchedProcess> {
    const { config, doors, env, secret, startProcess } = this.#parts;
    const addresses = doorAddresses(doors.status(), config.doors);
    const configText = await this.#writeConfig(addresses);
    const { command, policy } = script;
    const token = secret.issue();
    const release = (): void => token?.revoke();
    const environment = pluginEnvironment(script, config.plugins, {
      inherited: inheritedEnvironment(env, this.#secrets, policy.passEnvironment),
      config: configText,
      doors: addresses,
      token: token?.text,
    });
    try {
      const process = await startProcess({
        command,
        cwd: globalThis.process.cwd(),
        env: environment,
        nice: policy.nice,
        memoryBytes: policy.memoryBytes,
        readers,
        signal,
      });
      return { process, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Removes what was written for plugins. */
  async close(): Promise<void> {
    const written = await this.#configText?.catch(() => undefined);
    await written?.remove();
  }

  /** Once for all plugins; again where it could not be written. */
  async #writeConfig(addresses: DoorAddresses): Promise<ConfigText> {
    const written = (this.#configText ??= writeConfigText(pluginConfig(this.#parts.config, addresses)));
    try {
      return await written;
    } catch (error) {
      if (this.#configText === written) this.#configText = undefined;
      throw error;
    }
  }
}
