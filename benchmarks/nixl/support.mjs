// What both parts of the benchmark of peers need.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

/** @returns when it listens */
export async function kvnestServer(port, arenaMib) {
  const script = join(import.meta.dirname, '../tcp/kvnest-server.mjs');
  const child = spawn(process.execPath, [script, `${arenaMib}MiB`, `${port}`, '0', '0', '0'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  while (child.exitCode === null) {
    const socket = net.connect(port, '127.0.0.1');
    const listens = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (listens) return { child };
    await delay(50);
  }
  throw new Error('the server did not start');
}

export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

export function ratio(ours, theirs) {
  const ratios = ours.map((rate, i) => rate / theirs[i]);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  return `${median(ratios).toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}
