// The Mooncake of the tests, a master and the owner of a segment, and its own Python client, zero copy and with its pool of
// connections.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peerFolder } from '../../../scripts/setup/peer-folder.mjs';

const VENV = peerFolder('mooncake/0.3.13');
const SCRIPT = fileURLToPath(new URL('mooncake-client.py', import.meta.url));
const QUIET = { GLOG_minloglevel: '2', MC_TCP_ENABLE_CONNECTION_POOL: '1' };

export const name = 'Mooncake';
/** Of all keys, at a time. */
export const lookups = 60;
export const missing = existsSync(VENV)
  ? undefined
  : 'no Mooncake is installed here; "npm test" installs it where it may';

/** Starts it. @returns a client process that speaks as `serve.py` does, and the URL for the connector. */
export async function open({ start, freePort, until, totalBytes }) {
  const [python] = readdirSync(join(VENV, 'lib'));
  const program = (file) => join(VENV, 'lib', python, 'site-packages/mooncake', file);
  const [port, metricsPort, ownerPort] = [await freePort(), await freePort(), await freePort()];
  const segments = async () => (await fetch(`http://127.0.0.1:${metricsPort}/get_all_segments`)).text();
  const master = ['--rpc_address=127.0.0.1', `--rpc_port=${port}`, `--metrics_port=${metricsPort}`];
  start(program('mooncake_master'), master, { env: QUIET });
  await until(segments);
  // Room for what is there at once and as much again: little enough that all of it is touched in the first rounds.
  const owner = [
    '--host=127.0.0.1',
    `--port=${ownerPort}`,
    '--metadata_server=P2PHANDSHAKE',
    `--master_server_address=127.0.0.1:${port}`,
    '--protocol=tcp',
    `--global_segment_size=${(2 * totalBytes) / 2 ** 20}MB`,
  ];
  start(program('mooncake_client'), owner, { env: QUIET });
  await until(async () => {
    if ((await segments()).trim() === '') throw new Error('no segment');
  });
  const client = start(join(VENV, 'bin/python'), [SCRIPT, `127.0.0.1:${port}`, `${totalBytes}`], {
    env: QUIET,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return { client, url: `mooncakestore://127.0.0.1:${port}` };
}
