import { type DynamicModule, Logger } from '@nestjs/common';
import { deepFreeze } from '../config/deep-freeze.js';
import { making } from './extension-recipe.js';
import { EXTENSION_LOGGER, EXTENSION_OPTIONS } from './extension.tokens.js';
import { type LoadedExternal } from './load-external.js';
import { assertDynamicModule } from './prepare-module.js';

/**
 * The Nest module that an extension brings, with its own tokens among its providers. `register` and `forRoot` are given
 * the options in a copy, because modules that were written for others may change theirs.
 *
 * @throws KV_EXTERNAL_CONSTRUCTOR, KV_EXTERNAL_CLASS
 */
export async function externalModule(loaded: LoadedExternal): Promise<DynamicModule> {
  const { external, description } = loaded;
  const { value, kind } = loaded.value;
  const module: unknown =
    kind === 'registrar'
      ? await making({ loaded }, () => value.register(structuredClone(external.options)))
      : value;
  assertDynamicModule(loaded, module);
  const logger = {
    provide: EXTENSION_LOGGER,
    useFactory: () => {
      const made = new Logger(external.name);
      made.log(`module ${description}`);
      return made;
    },
  };
  const options = { provide: EXTENSION_OPTIONS, useValue: deepFreeze({ ...external.options }) };
  return { ...module, providers: [...(module.providers ?? []), options, logger] };
}
