// A client of kvnest's frames with as little in it as there can be: one request after the other, values read into one
// buffer, answers counted and not looked at. The same for our door and for the servers that it is measured against.
import { connect } from 'node:net';

const PREFIX = 24;
const [HELLO, REQUEST, EXISTS, GET, PUT] = [1, 2, 1, 2, 3];
const READ_BYTES = 512 * 1024;

function frame(type, pattern, header, bodyBytes) {
  const bytes = Buffer.alloc(PREFIX + header.length);
  bytes[0] = type;
  bytes[1] = pattern;
  bytes.writeUInt32LE(header.length, 8);
  bytes.writeUInt32LE(bodyBytes, 16);
  bytes.set(header, PREFIX);
  return bytes;
}

function keyList(keys) {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(keys.length, 8);
  const parts = keys.flatMap((key) => {
    const length = Buffer.alloc(2);
    length.writeUInt16LE(key.length);
    return [length, Buffer.from(key)];
  });
  return Buffer.concat([head, ...parts]);
}

export const getFrame = (key) => frame(REQUEST, GET, keyList([key]), 0);
export const existsFrame = (keys) => frame(REQUEST, EXISTS, keyList(keys), 0);

export function putFrame(key, lengthBytes) {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(1, 8);
  header.writeUInt32LE(lengthBytes, 12);
  header.writeUInt16LE(key.length, 32);
  return frame(REQUEST, PUT, Buffer.concat([header, Buffer.from(key)]), lengthBytes);
}

export class RawClient {
  #socket;
  #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #prefix = Buffer.alloc(PREFIX);
  #filled = 0;
  #skip = 0;
  #lastId = 0;
  #waiting = [];

  static async open(port) {
    const client = new RawClient();
    await new Promise((resolve, reject) => {
      client.#socket = connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        onread: { buffer: client.#buffer, callback: (bytes) => client.#onBytes(bytes) },
      });
      client.#socket.once('connect', resolve).once('error', reject);
    });
    client.#socket.on('close', () => client.#waiting.forEach(({ reject }) => reject(new Error('closed'))));
    const hello = client.#answer();
    client.#socket.write('KVN1');
    client.#socket.write(frame(HELLO, 0, Buffer.from('{"version":1}'), 0));
    await hello;
    return client;
  }

  /** @returns the length of the answer's body. */
  get(key) {
    return this.send(getFrame(key));
  }

  put(key, value) {
    this.#socket.cork();
    const frame = putFrame(key, value.length);
    frame.writeUInt32LE(++this.#lastId, 4);
    this.#socket.write(frame);
    this.#socket.write(value);
    this.#socket.uncork();
    return this.#answer();
  }

  /** A frame that was made before. Answers come in the order of the requests. */
  send(bytes) {
    bytes.writeUInt32LE(++this.#lastId, 4);
    this.#socket.write(bytes);
    return this.#answer();
  }

  close() {
    this.#waiting = [];
    this.#socket.destroy();
  }

  #answer() {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #onBytes(bytes) {
    for (let at = 0; at < bytes;) {
      if (this.#filled < PREFIX) {
        const taken = this.#buffer.copy(
          this.#prefix,
          this.#filled,
          at,
          Math.min(bytes, at + PREFIX - this.#filled),
        );
        this.#filled += taken;
        at += taken;
        if (this.#filled < PREFIX) return true;
        this.#skip = this.#prefix.readUInt32LE(8) + this.#prefix.readUInt32LE(16);
        if (this.#prefix[0] !== HELLO && this.#prefix[0] !== 3)
          throw new Error(`frame of type ${this.#prefix[0]}`);
      }
      const taken = Math.min(this.#skip, bytes - at);
      at += taken;
      this.#skip -= taken;
      if (this.#skip > 0) return true;
      this.#filled = 0;
      this.#waiting.shift().resolve(this.#prefix.readUInt32LE(16));
    }
    return true;
  }
}
