/**
 * Makes a fresh checkout ready: dependencies, native parts, build; with --test also what the tests need of the
 * machine. Each step looks first whether there is anything to do. Runs on the machine's own Node, before anything is
 * installed, so it uses nothing but Node's own modules.
 */
import { buildSources } from './setup/build.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { prepareInfinistore } from './setup/infinistore.mjs';
import { prepareMooncake } from './setup/mooncake.mjs';
import { buildNativeParts } from './setup/native.mjs';
import { prepareNixl } from './setup/nixl.mjs';
import { preparePython } from './setup/python.mjs';
import { fail } from './setup/report.mjs';
import { installSystemPackages } from './setup/system-packages.mjs';

const everything = process.argv.includes('--test') || process.argv.includes('--all');

try {
  installDependencies(everything ? 'everything' : 'server');
  buildNativeParts();
  buildSources();
  if (process.argv.includes('--test')) {
    installSystemPackages();
    preparePython();
    prepareInfinistore();
    prepareMooncake();
    prepareNixl();
  }
} catch (error) {
  fail(error);
}
