/**
 * READs of one owner's memory by kvnest's agent and by the Python agent of NIXL's wheel, in turns: bytes per second of
 * the one ÷ those of the other, over TCP and over what UCX chooses on one machine (cma).
 *
 * What is equal: the owner is one process of kvnest's; both readers have the same settings of UCX, memory of the same
 * kind (private, in huge pages), one READ at a time, and read the same places in the same order, each READ behind the
 * last: nobody reads a chunk twice in a row, and the same bytes again would come from the processor's cache. The
 * reader whose turn it is not is stopped, because the Python agent's own thread takes a whole processor while it waits.
 * Both have read before, often enough that V8 has compiled what it will. What is not: the clock of kvnest runs from the call until the promise settles, with the lists of descriptors made
 * and the request released; Python's from `initialize_xfer` to the end that `check_xfer_state` tells, asked without a
 * pause, with the lists made before and the release behind. That is better than users have it: LMCache asks every 1 to
 * 5 ms. Nothing is prepared once for several READs on either side.
 *
 * kvnest's READs are measured with and without the checksum of each chunk, which Python's agent does not compute.
 * Between these turns, chunks of the same lengths come from a kvnest server over its TCP door, which verifies
 * checksums, too: what a peer is without NIXL. That way knows nothing of UCX, and its figures of both tables differ by
 * chance alone. The event loop's delay is the worst 99th percentile of the rounds, also at rest.
 *
 * Behind that, what announcements of peers win (`announcements.mjs`). `--part reads` or `--part announcements` runs one of them.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { peerFolder } from '../../scripts/setup/peer-folder.mjs';
import { measureAnnouncements } from './announcements.mjs';
import { freePort, kvnestServer, median, ratio } from './support.mjs';

const MIB = 2 ** 20;
const REGION_BYTES = 192 * MIB;
const SERVER_MIB = 256;
const ROOT = join(import.meta.dirname, '../..');
const CACHE = peerFolder('nixl');
const [LIBRARY] = globSync(`${CACHE}/lib/python3*/site-packages/.nixl_cu12.mesonpy.libs/libnixl_capi.so`);
const SETTINGS = {
  UCX_NET_DEVICES: 'lo',
  UCX_MODULES: '^efa',
  UCX_TCP_TX_SEG_SIZE: '512k',
  UCX_TCP_RX_SEG_SIZE: '512k',
  NIXL_CAPI_PATH: LIBRARY,
};

/** What both read first, many times, as servers have that run for a minute. */
const WARM_UP = { blocks: [4096], places: 1, times: 3000 };
/** Lengths of the blocks; each of several lies behind a gap of its own length. How many places READs take in turn. */
const SHAPES = [
  { label: '1 MiB', blocks: [MIB], places: 192, times: 64 },
  { label: '4 MiB', blocks: [4 * MIB], places: 48, times: 32 },
  { label: '32 MiB', blocks: [32 * MIB], places: 6, times: 8 },
  { label: '32 × 2 MiB', blocks: new Array(32).fill(2 * MIB), places: 2, times: 4 },
];

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, part: { type: 'string' } },
});
const rounds = Number(values.rounds);

if (values.part !== 'announcements') {
  if (LIBRARY === undefined) console.log('There is no NIXL here; "npm test" installs it where it may.');
  else for (const tls of ['tcp,self', undefined]) await measure(tls);
}
if (values.part !== 'reads') await measureAnnouncements();

async function measure(tls) {
  const env = { ...process.env, ...SETTINGS, ...(tls && { UCX_TLS: tls }) };
  const [owner, kvnest, python] = [await nodeAgent(env), await nodeAgent(env), pythonAgent(env)];
  const processes = [owner, kvnest, python];
  try {
    const port = await freePort();
    processes.push(await kvnestServer(port, SERVER_MIB));
    const tcp = await nodeProcess('tcp-process.mjs', [`${SERVER_MIB}`, `${port}`], process.env);
    processes.push(tcp);
    const about = await owner.ask({ call: 'about' });
    await kvnest.ask({ call: 'add', metadata: about.metadata });
    await python.ask({ do: 'own', bytes: REGION_BYTES });
    await python.ask({ do: 'add', metadata: Buffer.from(about.metadata).toString('base64') });
    console.log(
      `UCX_TLS=${tls ?? '(default)'}: GB/s, median of ${rounds} rounds; ratio median (minimum–maximum)`,
    );
    for (const { child } of [kvnest, python]) child.kill('SIGSTOP');
    console.table(await rowsOf(about, { kvnest, python, tcp }));
  } finally {
    for (const { child } of processes) child.kill('SIGKILL');
  }
}

async function rowsOf(about, { kvnest, python, tcp }) {
  const rows = {};
  const readersOf = ({ blocks: lengths, places, times }) => {
    const blocks = placed(lengths);
    const stride = lengths[0];
    return {
      kvnest: (groups) => {
        const shifts = Array.from({ length: places }, (_, i) => i * stride);
        const requests = shifts.map((shift) => requestOf(about, blocks, shift, groups));
        return turnOf(kvnest, { call: 'read', requests, times });
      },
      python: () => {
        const from = { peer: about.name, address: String(about.address), blocks, stride, places };
        return turnOf(python, { do: 'read', ...from, times });
      },
    };
  };
  for (const reader of Object.values(readersOf(WARM_UP))) await reader([]);
  for (const shape of SHAPES) {
    const { label, blocks: lengths, times } = shape;
    const names = lengths.map((_, i) => `${label} ${i}`);
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    const read = {
      ...readersOf(shape),
      tcp: () => tcp.ask({ call: 'read', names, times }),
    };
    await tcp.ask({ call: 'put', names, lengthBytes: lengths[0] });
    for (const warmUp of [() => read.kvnest([]), read.python, read.tcp]) await warmUp();
    const rates = { plain: [], checked: [], python: [], tcp: [] };
    const cpu = { plain: [], python: [] };
    let [delayP99Ms, restP99Ms] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const plain = await read.kvnest([]);
      const theirs = await read.python();
      const checked = await read.kvnest(lengths.map((_, i) => i + 1));
      const overTcp = await read.tcp();
      for (const [name, { seconds }] of Object.entries({ plain, checked, python: theirs, tcp: overTcp })) {
        rates[name].push(bytes / median(seconds) / 1e9);
      }
      cpu.plain.push((plain.cpuSeconds * 1e12) / (bytes * times));
      cpu.python.push((theirs.cpuSeconds * 1e12) / (bytes * times));
      delayP99Ms = Math.max(delayP99Ms, plain.delayP99Ms, checked.delayP99Ms);
      restP99Ms = Math.max(restP99Ms, (await turnOf(kvnest, { call: 'rest' })).delayP99Ms);
    }
    rows[label] = {
      kvnest: median(rates.plain).toFixed(2),
      'with checksums': median(rates.checked).toFixed(2),
      Python: median(rates.python).toFixed(2),
      'TCP door': median(rates.tcp).toFixed(2),
      'kvnest ÷ Python': ratio(rates.plain, rates.python),
      'with checksums ÷ Python': ratio(rates.checked, rates.python),
      'with checksums ÷ TCP door': ratio(rates.checked, rates.tcp),
      'CPU ms/GB, Python': `${median(cpu.plain).toFixed(0)}, ${median(cpu.python).toFixed(0)}`,
      'event loop p99 ms, at rest': `${delayP99Ms.toFixed(1)}, ${restP99Ms.toFixed(1)}`,
    };
  }
  return rows;
}

/** @returns [local offset, remote offset, length] of each block */
function placed(lengths) {
  let offset = 0;
  return lengths.map((length) => {
    const at = offset;
    offset += lengths.length > 1 ? 2 * length : length;
    return [at, at, length];
  });
}

/** The other reader stands still meanwhile. */
async function turnOf(reader, message) {
  reader.child.kill('SIGCONT');
  const result = await reader.ask(message);
  reader.child.kill('SIGSTOP');
  return result;
}

function requestOf({ name, address }, blocks, shift, groups) {
  return {
    peer: name,
    groups,
    timeoutMs: 60_000,
    blocks: blocks.map(([localOffset, remote, lengthBytes]) => ({
      localOffset: localOffset + shift,
      lengthBytes,
      remoteAddress: address + BigInt(remote + shift),
    })),
  };
}

function nodeAgent(env) {
  return nodeProcess('agent-process.mjs', [`${REGION_BYTES}`], env);
}

async function nodeProcess(script, args, env) {
  const options = { env, serialization: 'advanced', stdio: ['ignore', 'inherit', 'ignore', 'ipc'] };
  const child = fork(join(import.meta.dirname, script), args, options);
  await once(child, 'message');
  return {
    child,
    ask: async (message) => {
      child.send(message);
      const [{ result }] = await once(child, 'message');
      return result;
    },
  };
}

function pythonAgent(env) {
  const script = join(ROOT, 'test/support/nixl/nixl-peer.py');
  const child = spawn(join(CACHE, 'bin/python'), [script, 'python'], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    ask: async (command) => {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return JSON.parse((await lines.next()).value);
    },
  };
}
