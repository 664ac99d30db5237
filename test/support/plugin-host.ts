// `node --import ./test/support/typescript-hooks.mjs plugin-host.ts <scripts as JSON>`: a server with plugins and nothing
// else, for tests that kill it. Prints `up` before it starts the first, and their pids.
import { startSupervised } from '../../src/plugins/process/start-supervised.js';

const commands = JSON.parse(process.argv[2] ?? '[]') as [string, ...string[]][];
const env = process.env as Record<string, string>;

console.log('up');
const plugins = await Promise.all(commands.map((command) => startSupervised({ command, cwd: '/', env })));
for (const { stdout, stderr } of plugins) {
  stdout.on('data', (text: Buffer) => process.stdout.write(text));
  stderr.resume();
}
console.log(`pids ${plugins.map(({ pid }) => pid).join(' ')}`);
