// What node:net can do: a server of GET and PUT in kvnest's frames in one thread, values in memory that is warm, nothing
// checked. Keys are "bench:<number>". Usage: node-server.mjs <port> <slots> <bytes of a slot>
import { createServer } from 'node:net';

const PREFIX = 24;
const [HELLO, GET, PUT] = [1, 2, 3];
const [port, count, slotBytes] = process.argv.slice(2).map(Number);
const slots = Array.from({ length: count }, () => Buffer.alloc(slotBytes, 1));
const lengths = new Uint32Array(count);
const HELLO_FRAME = frame(HELLO, 0, Buffer.from('{"version":1}'), 0);

function frame(type, id, header, bodyBytes) {
  const bytes = Buffer.alloc(PREFIX + header.length);
  bytes[0] = type;
  bytes.writeUInt16LE(type === 3 ? 1 : 0, 2);
  bytes.writeUInt32LE(id, 4);
  bytes.writeUInt32LE(header.length, 8);
  bytes.writeUInt32LE(bodyBytes, 16);
  bytes.set(header, PREFIX);
  return bytes;
}

const slotOf = (key) => Number(key.latin1Slice(6));

function serve(socket) {
  socket.setNoDelay(true);
  let rest = Buffer.alloc(0);
  let greeted = false;
  let put; // { id, slot, done, length }
  const onFrame = (prefix, header) => {
    const id = prefix.readUInt32LE(4);
    if (prefix[0] === HELLO) socket.write(HELLO_FRAME);
    else if (prefix[1] === GET) {
      const slot = slotOf(header.subarray(14, 14 + header.readUInt16LE(12)));
      const found = Buffer.alloc(8);
      found[0] = lengths[slot] > 0 ? 1 : 0;
      socket.cork();
      socket.write(frame(3, id, found, lengths[slot]));
      socket.write(slots[slot].subarray(0, lengths[slot]));
      socket.uncork();
    } else if (prefix[1] === PUT) {
      const slot = slotOf(header.subarray(40, 40 + header.readUInt16LE(32)));
      put = { id, slot, done: 0, length: prefix.readUInt32LE(16) };
    }
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    rest = Buffer.alloc(0);
    for (;;) {
      if (put !== undefined) {
        const taken = bytes.copy(slots[put.slot], put.done, 0, put.length - put.done);
        put.done += taken;
        bytes = bytes.subarray(taken);
        if (put.done < put.length) return;
        lengths[put.slot] = put.length;
        socket.write(frame(3, put.id, Buffer.alloc(12), 0));
        put = undefined;
      }
      if (!greeted && bytes.length >= 4) {
        greeted = true;
        bytes = bytes.subarray(4);
      }
      const end = bytes.length < PREFIX ? Infinity : PREFIX + bytes.readUInt32LE(8);
      if (!greeted || bytes.length < end) break;
      onFrame(bytes, bytes.subarray(PREFIX, end));
      bytes = bytes.subarray(end);
    }
    rest = bytes;
  });
}

createServer(serve).listen(port, '127.0.0.1');
