import { once } from 'node:events';
import { SHARE_ENV, Worker } from 'node:worker_threads';

/**
 * Sets variables of this process, or unsets them, for libraries that read its environment themselves: what Jest gives
 * tests for `process.env` is a copy.
 */
export async function setRealEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const code = `
    const { workerData } = require('node:worker_threads');
    for (const [name, value] of workerData)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  `;
  const worker = new Worker(code, { eval: true, env: SHARE_ENV, workerData: Object.entries(variables) });
  const [exitCode] = (await once(worker, 'exit')) as [number];
  if (exitCode !== 0) throw new Error(`the environment was not set: ${exitCode}`);
}
