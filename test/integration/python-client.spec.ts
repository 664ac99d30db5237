import { join } from 'node:path';
import { type INestApplicationContext } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type DoorLimits } from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { NO_DOORS, testConfig } from '../support/engine.js';
import { runPython } from '../support/lm-python.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RespTestClient } from '../support/resp-client.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 1024 * 1024;
const FOLDER = join(import.meta.dirname, '../../examples/python-client');
const DOOR: DoorLimits = {
  host: '127.0.0.1',
  port: 0,
  maxValueBytes: 16 * MIB,
  maxConnections: 10,
  bodyTimeoutMs: 5000,
};
const TOKEN = 'secret';

/** In front of each script: `client` is connected. */
const PRELUDE = `
import json, sys
sys.dont_write_bytecode = True
folder, port, token = sys.argv[1:]
sys.path.insert(0, folder)
from kvnest_client import KvnestClient, KvnestError

def connect(token):
    return KvnestClient("127.0.0.1", int(port), token=token)

def code_of(work):
    try:
        work()
    except KvnestError as error:
        return error.code

client = connect(token)
`;

describeWithPeer(missingCommand('python3', ['-c', 'pass']))('the client in Python', () => {
  let server: INestApplicationContext;
  const bytes = new SeededRandom(3).bytes(300_000);

  beforeAll(async () => {
    const tcp = { ...DOOR, heartbeatMs: 15_000, maxInFlight: 8, tls: undefined };
    server = await startServer(
      testConfig({
        chunkTokens: 16,
        auth: { token: TOKEN },
        tiers: [{ name: 'memory', type: 'memory', capacityBytes: 32 * MIB, policy: 'LRU', options: {} }],
        doors: { ...NO_DOORS, http: DOOR, resp: DOOR, tcp },
      }),
    );
  });
  afterAll(() => server.close());

  function addressOf(name: string): string {
    const doors = server.get<DoorRegistry>(DOOR_REGISTRY).status();
    return doors.find((door) => door.name === name)?.address ?? '';
  }

  function portOf(name: string): string {
    return addressOf(name).split(':').at(-1) ?? '';
  }

  /** Runs a script, and reads the JSON that it prints. */
  async function python(script: string): Promise<unknown> {
    return JSON.parse(await runPython(PRELUDE + script, [FOLDER, portOf('tcp'), TOKEN]));
  }

  function http(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${TOKEN}`);
    return fetch(`http://${addressOf('http')}${path}`, { ...init, headers });
  }

  async function resp(...command: readonly (string | Buffer)[]): Promise<unknown> {
    using client = await RespTestClient.open(Number(portOf('resp')));
    await client.call('AUTH', TOKEN);
    return await client.call(...(command as [string, ...(string | Buffer)[]]));
  }

  it('is in the Python of 3.9, and agrees with the golden frames', async () => {
    const script = `
import ast, runpy
ast.parse(open(folder + "/kvnest_client.py").read(), feature_version=(3, 9))
runpy.run_path(folder + "/check_vectors.py", run_name="__main__")`;
    expect(await runPython(PRELUDE + script, [FOLDER, portOf('tcp'), TOKEN])).toMatch(/^(\d+) of \1 frames/);
  });

  it('reads what came over HTTP and RESP', async () => {
    await http('/v1/objects/over-http', { method: 'PUT', body: bytes });
    await resp('SET', 'over-resp', bytes);
    const script = `print(json.dumps([value and value.hex() for value in client.get_many(["over-http", "over-resp", "none"])]))`;
    expect(await python(script)).toEqual([bytes.toString('hex'), bytes.toString('hex'), null]);
  });

  it('writes what HTTP and RESP read', async () => {
    const script = `
data = bytes(range(256)) * 1000
print(json.dumps([client.put("from-python", data, metadata=b"about it"), client.put("empty", b"")]))`;
    expect(await python(script)).toEqual(['stored', 'stored']);
    const expected = Buffer.alloc(256_000, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
    const response = await http('/v1/objects/from-python');
    expect(Buffer.from(await response.arrayBuffer()).equals(expected)).toBe(true);
    expect(response.headers.get('x-kvnest-metadata')).toBe(Buffer.from('about it').toString('base64'));
    expect(expected.equals((await resp('GET', 'from-python')) as Buffer)).toBe(true);
    expect(await resp('STRLEN', 'empty')).toBe(0);
  });

  it('reads values into memory that it is given', async () => {
    await resp('SET', 'placed', bytes);
    await resp('SET', 'empty', '');
    const script = `
keys, lengths = ["placed", "none", "none", "placed", "empty", "placed"], [300_000, 10, 0, 299_999, 0, 300_000]
places = [bytearray(length) for length in lengths * 10]
there = list(client.get_into(keys * 10, map(memoryview, places)))
whole = {bytes(place) == client.get("placed") for place in places[::6] + places[5::6]}
print(json.dumps([there == there[:6] * 10, there[:6], list(whole), any(map(any, places[1::6] + places[3::6]))]))`;
    const there = [true, false, false, false, true, true];
    expect(await python(script)).toEqual([true, there, [true], false]);
  });

  it('stores a prefix in parts', async () => {
    const script = `
tokens = list(range(100, 148))
for first in range(3):
    client.store(tokens[: 16 * (first + 1)], [f"chunk {first}".encode()], first=first, model="parts")
print(json.dumps([data.decode() for _, data in client.retrieve(tokens, model="parts")]))`;
    expect(await python(script)).toEqual(['chunk 0', 'chunk 1', 'chunk 2']);
  });

  it('refuses what is no bytes before it sends anything, and sends whole items', async () => {
    const script = `
import array
def refused(work):
    try:
        work()
    except TypeError:
        return True
numbers = array.array("I", range(300))
print(json.dumps([
    refused(lambda: client.put("text", "no bytes")),
    refused(lambda: client.store(list(range(32)), [b"first", "second"], model="text")),
    client.put("numbers", numbers),
    client.get("numbers") == numbers.tobytes(),
    client.store(list(range(16)), [numbers], model="numbers")[0]["stored"],
    [data == numbers.tobytes() for _, data in client.retrieve(list(range(16)), model="numbers")],
    client.exists(["text", "numbers"]),
]))`;
    expect(await python(script)).toEqual([true, true, 'stored', true, true, [true], [false, true]]);
  });

  it('finds and deletes', async () => {
    await resp('SET', 'a', bytes);
    const script = `print(json.dumps([client.exists(["a", "b"]), client.delete(["a", "b"]), client.exists(["a"])]))`;
    expect(await python(script)).toEqual([[true, false], [true, false], [false]]);
    expect(await resp('EXISTS', 'a')).toBe(0);
  });

  it('has many requests on their way at a time, more than the server takes at once', async () => {
    await resp('SET', 'many', bytes);
    const script = `
values = client.get_many(["many", "none"] * 100)
print(json.dumps([len(values), {value and hash(value) == hash(values[0]) for value in values[::2]} == {True}, set(values[1::2]) == {None}]))`;
    expect(await python(script)).toEqual([200, true, true]);
  });

  it('stores a prefix that HTTP finds, and reads one', async () => {
    const script = `
tokens = list(range(40))
stored = client.store(tokens, [b"first", b"second"], model="m")
found = client.lookup(tokens, model="m")
chunks = [[chunk["index"], chunk["key"], data.decode()] for chunk, data in client.retrieve(tokens, model="m")]
print(json.dumps([stored, found, chunks, list(client.retrieve([9] * 32, model="m"))]))`;
    const [stored, found, chunks, missing] = (await python(script)) as [
      { key: string; stored: boolean }[],
      { hit_tokens: number },
      unknown[],
      unknown[],
    ];
    expect(stored.map((chunk) => chunk.stored)).toEqual([true, true]);
    expect(found.hit_tokens).toBe(32);
    expect(chunks).toEqual(stored.map(({ key }, index) => [index, key, ['first', 'second'][index]]));
    expect(missing).toEqual([]);
    const answer = await http('/v1/prefix/lookup', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', tokens: Array.from({ length: 40 }, (_, token) => token) }),
    });
    expect(await answer.json()).toEqual(found);
  });

  it('asks for the status by its name', async () => {
    expect(await python(`print(json.dumps([client.status(), client.hello]))`)).toMatchObject([
      { status: 'ready', chunkTokens: 16 },
      { version: 1, chunk_tokens: 16, tiers: ['memory'] },
    ]);
  });

  it('tells errors apart by their code, and goes on', async () => {
    const script = `
print(json.dumps([
    code_of(lambda: connect("wrong")),
    code_of(lambda: connect(None)),
    code_of(lambda: next(client.call("no.such", {}))),
    code_of(lambda: client.lookup([1], model="")),
    client.put("after", b"all"),
]))`;
    expect(await python(script)).toEqual([
      'KV_AUTH_WRONG',
      'KV_AUTH_REQUIRED',
      'KV_TCP_PATTERN',
      'KV_INPUT_INVALID',
      'stored',
    ]);
  });
});
