import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { INFINISTORE_PYTHON } from './infinistore-server.js';

/** Makes a connected client, `connection`, of the wheel, over TCP; its arguments are in `args`. */
const PRELUDE = `
import sys, numpy, infinistore
port, *args = sys.argv[1:]
config = infinistore.ClientConfig(host_addr="127.0.0.1", service_port=int(port), connection_type=infinistore.TYPE_TCP, log_level="error")
connection = infinistore.InfinityConnection(config)
connection.connect()
`;

/**
 * Runs a script with the Python client that InfiniStore brings.
 *
 * @returns what it printed behind the lines of its own. @throws with its errors when it fails.
 */
export async function runInfinistoreClient(
  port: number,
  script: string,
  args: readonly string[] = [],
): Promise<string> {
  const { command, env } = INFINISTORE_PYTHON;
  const child = spawn(command, ['-c', `${PRELUDE}${script}`, String(port), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(error);
  return out.replace(/^connecting to .*\n/, '');
}
