/**
 * What announcements cost and win, beside summaries that are asked for now and then and no summary at all: three tiers of type `nixl`
 * in this process, one of each kind, over TCP, that read from the same two servers, in turns.
 *
 * From put to visible: from when a server has answered a put until a lookup of the tier finds the chunk, asked again in every turn of
 * the event loop; the puts come one after another with a quiet time of 20 to 40 ms between, each at one of the servers by turns.
 * Lookups: one after another, 19 of 20 for what is nowhere. Questions are those that peers are asked because of a lookup; what the
 * tiers ask of their own accord (one waiting question each, or one every 100 ms) is not among them.
 */
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { ArenaSpaceService } from '../../dist/arena/arena-space.js';
import { createArena } from '../../dist/arena/create-arena.js';
import { createReader } from '../../dist/backends/nixl/create-reader.js';
import { NixlBackend } from '../../dist/backends/nixl/nixl.backend.js';
import { NixlOptions } from '../../dist/backends/nixl/nixl.config.js';
import { createSources } from '../../dist/backends/nixl/peers/create-sources.js';
import { connect } from '../../dist/client/connect.js';
import { systemClock } from '../../dist/common/clock.js';
import { readOptions } from '../../dist/config/read-options.js';
import { intakePlace } from '../../dist/connectors/intake/value-intake.js';
import { ChunkKey } from '../../dist/protocols/chunk-key/chunk-key.js';
import { freePort, kvnestServer, median, ratio } from './support.mjs';

const SUMMARY_MS = 100;
const KINDS = {
  announcements: { announcements: true },
  [`summary_ms: ${SUMMARY_MS}`]: { summary_ms: SUMMARY_MS },
  'no summary': {},
};
const OWNERS = 2;
const SERVER_MIB = 64;
const VALUE = Buffer.alloc(1024, 'kvnest');
const ROUNDS = 9;
const PUTS = 20;
const LOOKUPS = 1000;
/** One of so many is there. */
const ONE_OF = 20;

export async function measureAnnouncements() {
  const servers = [];
  const ending = [];
  try {
    for (let i = 0; i < OWNERS; i++) {
      const port = await freePort();
      servers.push({ port, ...(await kvnestServer(port, SERVER_MIB)) });
    }
    const urls = servers.map(({ port }) => `kvnest://127.0.0.1:${port}`);
    const clients = await Promise.all(urls.map((url) => connect(url)));
    ending.push(...clients.map((client) => () => client.close()));
    const arena = createArena({ capacityBytes: 32 * 2 ** 20, native: false });
    const tiers = {};
    for (const [kind, options] of Object.entries(KINDS)) {
      const tier = (tiers[kind] = tierOf(arena, { ...options, peers: urls, transport: 'tcp' }));
      ending.push(() => tier.close());
      await tier.open();
    }
    await delay(3 * SUMMARY_MS);
    console.log(
      `Announcements, ${OWNERS} servers: ${ROUNDS} rounds in turns; ratio median (minimum–maximum) of a round's medians`,
    );
    console.table(rowsOf(await roundsOf(tiers, clients)));
  } finally {
    for (const end of ending.reverse()) await end();
    for (const { child } of servers) child.kill('SIGKILL');
  }
}

function tierOf(arena, given) {
  const logger = { debug: () => undefined, log: () => undefined, warn: console.warn, error: console.error };
  const options = readOptions(NixlOptions, 'peers', given);
  const [name, bootId] = ['peers', `bench-${Math.random()}`];
  const doors = { http: false, resp: false, lm: false, tcp: false, nest: false };
  const place = intakePlace({ arena, space: new ArenaSpaceService(arena) });
  return new NixlBackend({
    name,
    bootId,
    options,
    clock: systemClock,
    sources: createSources({ tier: name, options, doors, bootId, logger }),
    createReader: (address) => createReader(address, place),
    host: undefined,
    logger,
  });
}

async function roundsOf(tiers, clients) {
  const kinds = Object.keys(tiers);
  const got = Object.fromEntries(
    kinds.map((kind) => [kind, { visibleMs: [], lookupUs: [], questions: [], all: [] }]),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < kinds.length; turn++) {
      const kind = kinds[(round + turn) % kinds.length];
      const { visibleMs, lookupUs, questions, all } = got[kind];
      const times = await timesToVisible(tiers[kind], clients);
      all.push(...times);
      visibleMs.push(median(times));
      const looked = await lookups(tiers[kind], times.keys);
      lookupUs.push(looked.us);
      questions.push(looked.questions);
    }
  }
  return got;
}

let lastKey = 0;

/** @returns milliseconds, with the `keys` that were put */
async function timesToVisible(tier, clients) {
  const times = [];
  times.keys = [];
  for (let i = 0; i < PUTS; i++) {
    await delay(20 + 20 * Math.random());
    const name = `put-${lastKey++}`;
    const key = ChunkKey.of(name);
    await clients[i % clients.length].put(name, VALUE);
    const begin = performance.now();
    while (!(await tier.contains(key))) await nextTurn();
    times.push(performance.now() - begin);
    times.keys.push(key);
  }
  return times;
}

async function lookups(tier, keys) {
  const asked = () => tier.usage().counters.asked;
  const before = asked();
  const wanted = Array.from({ length: LOOKUPS }, (_, i) =>
    i % ONE_OF === 0 ? keys[(i / ONE_OF) % keys.length] : ChunkKey.of(`nowhere-${lastKey++}`),
  );
  const begin = performance.now();
  for (const [i, key] of wanted.entries()) {
    const isThere = await tier.contains(key);
    if (isThere !== (i % ONE_OF === 0)) throw new Error(`${i}: ${isThere}`);
  }
  const us = ((performance.now() - begin) * 1000) / LOOKUPS;
  return { us, questions: (asked() - before) / LOOKUPS };
}

function rowsOf(got) {
  const rows = {};
  const { announcements } = got;
  for (const [kind, { visibleMs, lookupUs, questions, all }] of Object.entries(got)) {
    const sorted = all.toSorted((a, b) => a - b);
    const isOurs = kind === 'announcements';
    rows[kind] = {
      'put to visible p50 ms': median(all).toFixed(2),
      p99: sorted[Math.floor(sorted.length * 0.99)].toFixed(1),
      'announcements ÷ this': isOurs ? '' : ratio(announcements.visibleMs, visibleMs),
      'questions a lookup': median(questions).toFixed(3),
      'µs a lookup': median(lookupUs).toFixed(1),
      'announcements ÷ this ': isOurs ? '' : ratio(announcements.lookupUs, lookupUs),
    };
  }
  return rows;
}
