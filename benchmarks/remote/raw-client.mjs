// What a socket gives: GET and SET of values of one known length over a few connections, each read into one buffer.
import net from 'node:net';

const CRLF = Buffer.from('\r\n');
const READ_BYTES = 256 * 1024;

function connect(port, lane) {
  const buffer = Buffer.alloc(READ_BYTES);
  return new Promise((resolve, reject) => {
    const onread = { buffer, callback: (bytes) => (lane.onBytes?.(bytes), true) };
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, onread });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
    socket.resume();
  });
}

/** Sends, then waits for so many bytes of replies. */
function exchange(lane, buffers, replyBytes) {
  return new Promise((resolve) => {
    let missing = replyBytes;
    lane.onBytes = (bytes) => {
      missing -= bytes;
      if (missing <= 0) resolve();
    };
    lane.socket.cork();
    for (const buffer of buffers) lane.socket.write(buffer);
    lane.socket.uncork();
  });
}

const bulk = (text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const getRequest = (key) => [Buffer.from(`*2\r\n$3\r\nGET\r\n${bulk(key)}`)];
const setRequest = (key, value) => [
  Buffer.from(`*3\r\n$3\r\nSET\r\n${bulk(key)}$${value.length}\r\n`),
  value,
  CRLF,
];

/**
 * @param depth requests that each connection is ahead.
 * @returns what gets and puts.
 */
export async function createRawClient(port, connections, depth) {
  const lanes = Array.from({ length: connections }, () => ({ socket: undefined, onBytes: undefined }));
  for (const lane of lanes) lane.socket = await connect(port, lane);
  /** Every connection takes the next requests when it has its replies. */
  const run = async (requests, replyBytes) => {
    let next = 0;
    await Promise.all(
      lanes.map(async (lane) => {
        while (next < requests.length) {
          const batch = requests.slice(next, next + depth);
          next += batch.length;
          await exchange(lane, batch.flat(), batch.length * replyBytes);
        }
      }),
    );
  };
  return {
    get: (keys, valueBytes) =>
      run(keys.map(getRequest), `$${valueBytes}\r\n`.length + valueBytes + CRLF.length),
    put: (keys, values) =>
      run(
        keys.map((key, i) => setRequest(key, values[i])),
        '+OK\r\n'.length,
      ),
    close: () => lanes.forEach(({ socket }) => socket.destroy()),
  };
}
