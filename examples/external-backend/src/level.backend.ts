import { join } from 'node:path';
import { type BackendContext, MediumBackend } from 'kvnest';
import { LevelMedium } from './level.medium.js';

/** What the configuration names: `class_name: LevelBackend`. Its tier has a `capacity`, and a `path` or a place in `data_dir`. */
export class LevelBackend extends MediumBackend {
  constructor(context: BackendContext) {
    const { name, path, config, policy, findPolicy } = context;
    super({
      ...context,
      policy: findPolicy(policy),
      medium: new LevelMedium(path ?? join(config.dataDir, name)),
    });
  }
}
