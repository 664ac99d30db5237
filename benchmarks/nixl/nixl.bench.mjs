/**
 * READs of one owner's memory by kvnest's agent and by the Python agent of NIXL's wheel, in turns: bytes per second of
 * the one ÷ those of the other, over TCP and over what UCX chooses on one machine (cma). Both have the same settings of
 * UCX and memory of the same kind; kvnest's READs are measured with and without the checksum of each chunk, which
 * Python's agent does not compute. The event loop's delay is the worst 99th percentile of the rounds, also at rest.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const MIB = 2 ** 20;
const REGION_BYTES = 192 * MIB;
const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, '.cache/nixl');
const [LIBRARY] = globSync(`${CACHE}/lib/python3*/site-packages/.nixl_cu12.mesonpy.libs/libnixl_capi.so`);
const SETTINGS = {
  UCX_NET_DEVICES: 'lo',
  UCX_MODULES: '^efa',
  UCX_TCP_TX_SEG_SIZE: '512k',
  UCX_TCP_RX_SEG_SIZE: '512k',
  NIXL_CAPI_PATH: LIBRARY,
};

/** Lengths of the blocks; each block lies behind a gap of its own length. */
const SHAPES = [
  { label: '1 MiB', blocks: [MIB], times: 64 },
  { label: '4 MiB', blocks: [4 * MIB], times: 32 },
  { label: '32 MiB', blocks: [32 * MIB], times: 8 },
  { label: '32 × 2 MiB', blocks: new Array(32).fill(2 * MIB), times: 4 },
];

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);

if (LIBRARY === undefined) {
  console.log('There is no NIXL here; "npm test" installs it where it may.');
} else {
  for (const tls of ['tcp,self', undefined]) await measure(tls);
}

async function measure(tls) {
  const env = { ...process.env, ...SETTINGS, ...(tls && { UCX_TLS: tls }) };
  const [owner, kvnest, python] = [await nodeAgent(env), await nodeAgent(env), pythonAgent(env)];
  try {
    const about = await owner.ask({ call: 'about' });
    await kvnest.ask({ call: 'add', metadata: about.metadata });
    await python.ask({ do: 'own', bytes: REGION_BYTES });
    await python.ask({ do: 'add', metadata: Buffer.from(about.metadata).toString('base64') });
    console.log(
      `UCX_TLS=${tls ?? '(default)'}: GB/s, median of ${rounds} rounds; ratio median (minimum–maximum)`,
    );
    console.table(await rowsOf(about, kvnest, python));
  } finally {
    for (const { child } of [owner, kvnest, python]) child.kill('SIGKILL');
  }
}

async function rowsOf(about, kvnest, python) {
  const rows = {};
  for (const { label, blocks: lengths, times } of SHAPES) {
    const blocks = placed(lengths);
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    const read = {
      kvnest: (groups) => kvnest.ask({ call: 'read', request: requestOf(about, blocks, groups), times }),
      python: () =>
        python.ask({ do: 'read', peer: about.name, address: String(about.address), blocks, times }),
    };
    await read.kvnest([]);
    await read.python();
    const rates = { plain: [], checked: [], python: [] };
    let [delayP99Ms, restP99Ms] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const plain = await read.kvnest([]);
      const theirs = await read.python();
      const checked = await read.kvnest(lengths.map((_, i) => i + 1));
      for (const [name, { seconds }] of Object.entries({ plain, checked, python: theirs })) {
        rates[name].push(bytes / median(seconds) / 1e9);
      }
      delayP99Ms = Math.max(delayP99Ms, plain.delayP99Ms, checked.delayP99Ms);
      restP99Ms = Math.max(restP99Ms, (await kvnest.ask({ call: 'rest' })).delayP99Ms);
    }
    rows[label] = {
      kvnest: median(rates.plain).toFixed(2),
      'with checksums': median(rates.checked).toFixed(2),
      Python: median(rates.python).toFixed(2),
      'kvnest ÷ Python': ratio(rates.plain, rates.python),
      'with checksums ÷ Python': ratio(rates.checked, rates.python),
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

function requestOf({ name, address }, blocks, groups) {
  return {
    peer: name,
    groups,
    blocks: blocks.map(([localOffset, remote, lengthBytes]) => ({
      localOffset,
      lengthBytes,
      remoteAddress: address + BigInt(remote),
    })),
  };
}

async function nodeAgent(env) {
  const options = { env, serialization: 'advanced', stdio: ['ignore', 'inherit', 'ignore', 'ipc'] };
  const child = fork(join(import.meta.dirname, 'agent-process.mjs'), [String(REGION_BYTES)], options);
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

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function ratio(ours, theirs) {
  const ratios = ours.map((rate, i) => rate / theirs[i]);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  return `${median(ratios).toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}
