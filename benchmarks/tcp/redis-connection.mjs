// One connection to a Redis, with as little in it as there can be: one command after the other, values read into one
// buffer, answers counted and not looked at.
import { connect } from 'node:net';

const READ_BYTES = 512 * 1024;

export class RedisConnection {
  #socket;
  #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #size;
  #waiting = [];

  static async open(port, size) {
    const client = new RedisConnection();
    client.#size = size;
    await new Promise((resolve, reject) => {
      client.#socket = connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        onread: { buffer: client.#buffer, callback: (bytes) => client.#onBytes(bytes) },
      });
      client.#socket.once('connect', resolve).once('error', reject);
    });
    return client;
  }

  async get(key) {
    const head = `$${this.#size}\r\n`.length;
    await this.#send([`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`], head + this.#size + 2);
    return this.#size;
  }

  put(key, value) {
    const head = `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n`;
    return this.#send([head, value, '\r\n'], '+OK\r\n'.length);
  }

  /** So many EXISTS that were made before. */
  pipeline(bytes, count) {
    return this.#send([bytes], ':1\r\n'.length * count);
  }

  close() {
    this.#waiting = [];
    this.#socket.destroy();
  }

  #send(parts, answerBytes) {
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    return new Promise((resolve, reject) =>
      this.#waiting.push({ size: answerBytes, left: answerBytes, resolve, reject }),
    );
  }

  #onBytes(bytes) {
    for (let left = bytes; left > 0;) {
      const [first] = this.#waiting;
      const at = bytes - left;
      if (first.left === first.size && this.#buffer[at] === 45)
        throw new Error(this.#buffer.latin1Slice(at, Math.min(bytes, at + 100)));
      const taken = Math.min(left, first.left);
      first.left -= taken;
      left -= taken;
      if (first.left === 0) this.#waiting.shift().resolve();
    }
    return true;
  }
}
