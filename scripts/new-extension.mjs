/**
 * Makes a package for a backend, a connector or a module of one's own from the template in examples/: see CONTRIBUTING.md. A package of
 * this kvnest lies in it, so that it can be installed wherever it is taken: the one that is named behind, or a new one.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const TEMPLATES = {
  backend: { folder: 'external-backend', name: 'level' },
  connector: { folder: 'external-connector', name: 'web-dav' },
  module: { folder: 'external-module', name: 'tally' },
};
/** What the classes of the templates end in. */
const CLASSES = 'Medium|Backend|Connector|Module|Service|Controller|Report';
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const TOOLS = ['@jest/globals', '@types/node', 'jest', 'typescript'];

const [kind, name, kvnest] = process.argv.slice(2);
const callersFolder = process.env.INIT_CWD ?? process.cwd();
const template = Object.hasOwn(TEMPLATES, kind ?? '') ? TEMPLATES[kind] : undefined;
if (template === undefined)
  stop('usage: npm run new:backend NAME, npm run new:connector NAME or npm run new:module NAME');
if (!NAME.test(name ?? ''))
  stop(`"${name ?? ''}" is no name: use lower case, digits and dashes, such as my-store`);
const target = resolve(callersFolder, name);
if (existsSync(target)) stop(`${target} is there already`);
const givenPackage = kvnest === undefined ? undefined : resolve(callersFolder, kvnest);
if (givenPackage !== undefined && !existsSync(givenPackage)) stop(`${givenPackage} is not there`);

cpSync(join(ROOT, 'examples', template.folder), target, {
  recursive: true,
  filter: (path) => !['dist', 'node_modules'].includes(basename(path)),
});
rename(target);
writeManifest(join(target, 'package.json'), givenPackage === undefined ? packKvnest() : copyOf(givenPackage));
process.stdout.write(`${target} is a ${kind} that works. Its README.md says how to go on.\n`);

function rename(folder) {
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry);
    if (statSync(path).isDirectory()) rename(path);
    else {
      writeFileSync(path, renamed(readFileSync(path, 'utf8')));
      renameSync(path, join(folder, renamed(entry)));
    }
  }
}

/** `level.medium`, `LevelMedium`, `/tally`, `kvnest-example-external-backend` → the same of the new name. */
function renamed(text) {
  return text
    .replaceAll(`kvnest-example-${template.folder}`, name)
    .replaceAll(`${template.name}.`, `${name}.`)
    .replace(new RegExp(`(['/])${template.name}(?=['\`])`, 'g'), `$1${name}`)
    .replace(new RegExp(`${pascal(template.name)}(?=${CLASSES})`, 'g'), pascal(name));
}

function pascal(words) {
  return words.replace(/(^|-)([a-z0-9])/g, (_, dash, letter) => letter.toUpperCase());
}

/** @returns the name of the package. */
function copyOf(path) {
  copyFileSync(path, join(target, basename(path)));
  return basename(path);
}

/** @returns the name of the package. */
function packKvnest() {
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--silent', '--pack-destination', target], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const name = stdout.trim().split('\n').at(-1);
  if (status !== 0 || !existsSync(join(target, name)))
    stop(`${target} is there, but npm pack could not make the package of kvnest for it:\n${stderr}${stdout}`);
  return name;
}

function writeManifest(path, kvnest) {
  const { version, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  delete manifest.private;
  delete manifest.peerDependenciesMeta;
  manifest.peerDependencies.kvnest = `^${version}`;
  manifest.devDependencies = {
    ...Object.fromEntries(TOOLS.map((tool) => [tool, devDependencies[tool]])),
    kvnest: `file:${kvnest}`,
  };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
}

function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
