// The InfiniStore server of the tests, and its own Python client over TCP. The client has no batched forms; it is one connection, of
// which a script would have as many as it has threads.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { peerFolder } from '../../../scripts/setup/peer-folder.mjs';

const FOLDER = peerFolder('infinistore');
const PYTHON = `${FOLDER}/venv/bin/python`;
const STUB = `${FOLDER}/verbs-stub.so`;
const START = 'import infinistore.server as s; s.prevent_oom = lambda: None; s.main()';

export const name = 'InfiniStore';
/** Of all keys, at a time. */
export const lookups = 10;
export const missing = existsSync(STUB)
  ? undefined
  : 'no InfiniStore is installed here; "npm test" installs it where it may';

export async function open({ start, freePort, until, totalBytes }) {
  const env = { LD_PRELOAD: STUB };
  const [port, managePort] = [await freePort(), await freePort()];
  const ports = ['--service-port', `${port}`, '--manage-port', `${managePort}`];
  // What makes it loop makes it allocate, without end.
  const limited = ['-c', 'ulimit -v 8000000; exec "$@"', 'sh'];
  const settings = ['--prealloc-size', '2', '--log-level', 'error'];
  start('sh', [...limited, PYTHON, '-c', START, ...ports, ...settings], { env });
  await until(() => fetch(`http://127.0.0.1:${managePort}/kvmap_len`));
  const script = fileURLToPath(new URL('infinistore-client.py', import.meta.url));
  const client = start(PYTHON, [script, `${port}`, `${totalBytes}`], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return { client, url: `infinistore://127.0.0.1:${port}` };
}
