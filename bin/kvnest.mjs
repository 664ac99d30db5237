#!/usr/bin/env node
// Runs the command line, on the Node that the package brings when the machine's own is too old.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const OLDEST = [22, 12];
const EXIT_GRACE_MS = 500;
const entry = new URL('../dist/cli.js', import.meta.url);

/** The pinned Node lies beside this package's other dependencies, or beside the package in an installation. */
function bundledNode() {
  const node = `node-${process.platform}-${process.arch}/bin/node`;
  const places = [`../node_modules/${node}`, `../../${node}`];
  return places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
}

function isTooOld(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

function runOn(node) {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot run ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeAllListeners(name);
    if (signal === null) process.exitCode = code ?? 1;
    else process.kill(process.pid, signal);
  });
}

function fail(message) {
  console.error(`kvnest: ${message}`);
  process.exitCode = 1;
}

/**
 * The first import of `node:http` reads its every export, and some of them load undici, a client that the server has no
 * use for: 12 MB. They stay where they are; only `import { WebSocket } from 'node:http'` is undefined.
 */
async function importHttpWithoutUndici() {
  const http = process.getBuiltinModule('node:http');
  const lazy = ['WebSocket', 'CloseEvent', 'MessageEvent'].flatMap((name) => {
    const property = Object.getOwnPropertyDescriptor(http, name);
    return property?.configurable && property.get !== undefined ? [[name, property]] : [];
  });
  for (const [name, property] of lazy) Object.defineProperty(http, name, { ...property, get: undefined });
  await import('node:http');
  for (const [name, property] of lazy) Object.defineProperty(http, name, property);
}

if (isTooOld(process.versions.node)) {
  const node = bundledNode();
  if (node === undefined)
    fail(`needs Node ${OLDEST.join('.')} or newer, and this is ${process.versions.node}`);
  else runOn(node);
} else if (!existsSync(entry)) {
  fail('is not built; run "npm run build", or "npm start"');
} else {
  // The process is to be as large as its arena and little more: a small young generation, and an old one that is
  // collected before it has doubled. Chunks do not live on this heap, so this costs no throughput.
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--max-semi-space-size=4');
  setFlagsFromString('--semi-space-growth-factor=1');
  // Source maps take 8 MB, and only a stack trace needs them.
  if (process.argv.includes('--debug')) process.setSourceMapsEnabled(true);
  await importHttpWithoutUndici();
  const { main } = await import(entry.href);
  process.exitCode = await main(process.argv.slice(2));
  // Code of users may hold the process, by a timer or a socket, after the server refused to start.
  if (process.exitCode > 0) setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
}
