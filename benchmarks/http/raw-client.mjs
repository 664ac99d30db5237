// One HTTP/1.1 connection that receives into one buffer: as little client as possible between the bench and a server.
import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

export class RawClient {
  #socket;
  #received;
  #length = 0;
  #wanted = 0;
  #bodyStart = 0;
  #settle;

  /** @param maxBodyBytes the longest body of a response. */
  static async open(port, maxBodyBytes) {
    const client = new RawClient();
    client.#received = Buffer.alloc(maxBodyBytes + 16_384);
    await new Promise((resolve, reject) => {
      client.#socket = connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        onread: {
          buffer: () => client.#received.subarray(client.#length),
          callback: (bytes) => client.#onBytes(bytes),
        },
      });
      client.#socket.once('connect', resolve).once('error', reject);
    });
    client.#socket.on('close', () => client.#settle?.reject(new Error('the server closed the connection')));
    return client;
  }

  /** @returns the body of the response: valid until the next request. */
  put(path, body) {
    const head = `PUT ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n\r\n`;
    return this.#request(head, body);
  }

  get(path) {
    return this.#request(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
  }

  close() {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  #request(head, body) {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      if (body !== undefined) this.#socket.write(body);
      this.#socket.uncork();
    });
  }

  #onBytes(bytes) {
    this.#length += bytes;
    if (this.#wanted === 0) this.#parseHead();
    if (this.#wanted > 0 && this.#length >= this.#wanted) {
      const { resolve } = this.#settle;
      this.#settle = undefined;
      resolve(this.#received.subarray(this.#bodyStart, this.#wanted));
      // Right here: node asks for the buffer of the next read when this callback returns.
      this.#length = this.#wanted = 0;
    }
    return true;
  }

  #parseHead() {
    const end = this.#received.subarray(0, this.#length).indexOf(HEAD_END);
    if (end === -1) return;
    const head = this.#received.latin1Slice(0, end);
    if (!head.startsWith('HTTP/1.1 20')) throw new Error(head);
    this.#bodyStart = end + HEAD_END.length;
    this.#wanted = this.#bodyStart + Number(/content-length: *(\d+)/i.exec(head)[1]);
  }
}
