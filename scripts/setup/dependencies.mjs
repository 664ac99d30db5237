import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fingerprint, ROOT, Stamp } from './fingerprint.mjs';
import { say, SetupError } from './report.mjs';
import { run, tail } from './run.mjs';

/** Inside node_modules, so that it goes when they go. */
const stamp = new Stamp('node_modules/.kvnest-installed');
const LOCK = 'package-lock.json';

/**
 * `npm ci`, when the lock is not what is installed. `server` leaves the examples' packages out (the engine of the demo
 * is 90 MB); `everything` is enough for both.
 */
export function installDependencies(scope) {
  const lock = fingerprint([LOCK]);
  const installed = stamp.read();
  if (installed === `${lock} everything` || installed === `${lock} ${scope}`) return;
  if (installed === undefined && isInstalledByHand()) return stamp.write(`${lock} everything`);
  say(scope === 'server' ? 'installing packages' : 'installing packages, those of the examples included');
  const { command, args, env } = npm();
  const options = [
    'ci',
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  if (scope === 'server') options.push('--workspaces=false');
  const result = run(command, [...args, ...options], { env });
  if (!result.ok) throw new SetupError(`npm ci failed:\n${tail(result.output)}`);
  linkPinnedNode();
  stamp.write(`${lock} ${scope}`);
}

/** npm 10 takes this link away with the package of the other architecture, which it skips and which has the same. */
function linkPinnedNode() {
  const link = join(ROOT, 'node_modules/.bin/node');
  const target = `../node-${process.platform}-${process.arch}/bin/node`;
  if (!existsSync(link) && existsSync(join(ROOT, 'node_modules/.bin', target))) symlinkSync(target, link);
}

/** The npm that started us, on the Node it runs on: not the one in node_modules, which npm ci is about to remove. */
function npm() {
  const { npm_execpath: script, npm_node_execpath: node, PATH } = process.env;
  const own = join(ROOT, 'node_modules');
  const env = {
    PATH: PATH.split(delimiter)
      .filter((folder) => !folder.startsWith(own))
      .join(delimiter),
  };
  const isOutside = script !== undefined && node !== undefined && !node.startsWith(own);
  return isOutside ? { command: node, args: [script], env } : { command: 'npm', args: [], env };
}

/** Whether somebody ran npm himself and has, in the versions of the lock, all but what is optional. */
function isInstalledByHand() {
  const hidden = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(ROOT, LOCK), 'utf8')).packages;
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional, link }]) =>
      !path.startsWith('node_modules/') ||
      optional === true ||
      devOptional === true ||
      link === true ||
      present[path]?.version === version,
  );
}
