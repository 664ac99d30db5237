// A Redis client for measuring: one process, plain sockets, replies read into fixed buffers, every byte checked.
// Told over IPC what to do, so that the same process serves all servers.
import { createRequire } from 'node:module';
import net from 'node:net';

const { crc32c } = createRequire(import.meta.url)('../../native/build/Release/kvnest_native.node');
const READ_BYTES = 512 * 1024;
const OK = Buffer.from('+OK\r\n');

/** One connection that carries one command after the other. */
class Connection {
  constructor(port) {
    this.buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    this.ready = new Promise((resolve, reject) => {
      this.socket = net.connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        onread: { buffer: this.buffer, callback: (bytes) => this.onBytes(bytes) },
      });
      this.socket.once('connect', resolve).once('error', reject);
    });
  }

  /** Stores the value. */
  set(key, value) {
    this.expect = 'ok';
    this.seen = 0;
    const done = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.socket.cork();
    this.socket.write(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n`);
    this.socket.write(value);
    this.socket.write('\r\n');
    this.socket.uncork();
    return done;
  }

  /** Reads the value and resolves with its checksum. */
  get(key, length) {
    this.expect = 'header';
    this.header = `$${length}\r\n`;
    this.seen = 0;
    this.checksum = 0;
    this.length = length;
    const done = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.socket.write(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`);
    return done;
  }

  onBytes(bytes) {
    let at = 0;
    if (this.expect === 'ok') {
      if (!this.buffer.subarray(0, bytes).equals(OK.subarray(this.seen, this.seen + bytes))) this.fail(bytes);
      this.seen += bytes;
      if (this.seen === OK.length) this.resolve();
      return true;
    }
    if (this.expect === 'header') {
      const text = this.buffer.toString('latin1', 0, Math.min(bytes, this.header.length));
      if (text !== this.header) this.fail(bytes);
      at = this.header.length;
      this.expect = 'body';
    }
    const body = Math.min(bytes - at, this.length - this.seen);
    if (body > 0) this.checksum = crc32c(this.buffer.subarray(at, at + body), this.checksum);
    this.seen += bytes - at;
    if (this.seen === this.length + 2) this.resolve(this.checksum);
    return true;
  }

  fail(bytes) {
    this.reject(new Error(`unexpected reply: ${this.buffer.toString('latin1', 0, Math.min(bytes, 80))}`));
  }
}

/** Runs `count` commands over so many connections. @returns seconds */
async function run({ port, op, size, connections, count, keys }) {
  const value = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) value[i] = (i * 31 + (i >> 8)) & 255;
  const clients = Array.from({ length: connections }, () => new Connection(port));
  await Promise.all(clients.map((client) => client.ready));
  const checksums = new Map();
  for (let k = 0; k < keys; k++) {
    value.writeUInt32LE(k);
    checksums.set(k, crc32c(value, 0));
    if (op === 'get') await clients[0].set(`bench:${k}`, value);
  }
  // One buffer per connection: only the first word tells the values apart.
  const buffers = op === 'put' ? clients.map(() => Buffer.from(value)) : [];
  let next = 0;
  const work = async (client, id) => {
    while (next < count) {
      const k = next++ % keys;
      if (op === 'put') {
        buffers[id].writeUInt32LE(k);
        await client.set(`bench:${k}`, buffers[id]);
      } else check(await client.get(`bench:${k}`, size), checksums.get(k));
    }
  };
  const began = process.hrtime.bigint();
  await Promise.all(clients.map(work));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  if (op === 'put') {
    for (let k = 0; k < keys; k++) check(await clients[0].get(`bench:${k}`, size), checksums.get(k));
  }
  for (const { socket } of clients) socket.destroy();
  return seconds;
}

function check(actual, expected) {
  if (actual !== expected) throw new Error(`checksum ${actual} in place of ${expected}`);
}

process.on('message', (task) => {
  run(task).then(
    (seconds) => process.send({ seconds }),
    (error) => process.send({ error: String(error) }),
  );
});
