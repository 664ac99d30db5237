import { describe, expect, it } from '@jest/globals';
import { crc32 } from 'node:zlib';
import { patternFill } from '../support/nixl/pattern.js';
import { missingGpu } from '../support/nixl/missing-gpu.js';
import { NixlProcess } from '../support/nixl/nixl-process.js';
import { NixlPython } from '../support/nixl/nixl-python.js';
import { missingNixl } from '../support/nixl/nixl-wheel.js';
import { describeWithDevice, describeWithPeer } from '../support/peer.js';

const MIB = 1024 * 1024;

describeWithPeer(missingNixl())("NIXL's own Python agent", () => {
  describe.each([['tcp,self'], [undefined]])('UCX_TLS=%s', (tls) => {
    it('is read from', async () => {
      await using python = NixlPython.start('python', tls);
      await using reader = await NixlProcess.start({ ...(tls && { tls }), regionBytes: 16 * MIB });
      const { metadata, address } = await python.ask({ do: 'own', bytes: 16 * MIB });
      expect(await reader.calls.addPeer(Buffer.from(String(metadata), 'base64'))).toBe('python');
      const facts = {
        ...(await reader.calls.about()),
        name: 'python',
        regionAddress: BigInt(String(address)),
      };
      const { outcome } = await reader.calls.read(
        NixlProcess.request(facts, [1, 4095, 3 * MIB + 1, 8 * MIB]),
      );
      expect(outcome).toBe('done');
      const length = 11 * MIB + 4097;
      const { crc32: expected } = await python.ask({ do: 'checksum', offset: 0, length });
      expect(await reader.calls.crc32(0, length)).toBe(expected);
    });

    it('reads from ours', async () => {
      await using python = NixlPython.start('python', tls);
      await using owner = await NixlProcess.start({ ...(tls && { tls }), regionBytes: 16 * MIB });
      const { metadata, name, regionAddress } = await owner.calls.about();
      await owner.calls.fill(7, 0, 8 * MIB);
      await python.ask({ do: 'own', bytes: 16 * MIB });
      const blob = Buffer.from(metadata).toString('base64');
      expect(await python.ask({ do: 'add', metadata: blob })).toEqual({ name });
      const blocks = [
        [4 * MIB, 0, 1_000_001],
        [4 * MIB + 1_000_001, 1_000_001, 7 * MIB],
      ];
      const read = { do: 'read', peer: name, address: String(regionAddress), blocks };
      expect(await python.ask(read)).toMatchObject({ state: 'DONE' });
      const expected = Buffer.alloc(8 * MIB);
      patternFill(expected, 7);
      const length = 7 * MIB + 1_000_001;
      expect(await python.ask({ do: 'checksum', offset: 4 * MIB, length })).toEqual({
        crc32: crc32(expected.subarray(0, length)),
      });
    });
  });
});

describeWithDevice(missingNixl() ?? missingGpu)('Memory of a GPU', () => {
  it('is read into the arena', async () => {
    await using python = NixlPython.start('gpu');
    await using reader = await NixlProcess.start({ regionBytes: 16 * MIB });
    const { metadata, address } = await python.ask({ do: 'own_vram', bytes: 8 * MIB });
    const peer = await reader.calls.addPeer(Buffer.from(String(metadata), 'base64'));
    const block = {
      localOffset: 4096,
      remoteAddress: BigInt(String(address)),
      lengthBytes: 8 * MIB,
      memoryType: 'vram',
      device: 0,
    } as const;
    const request = { peer, blocks: [block], groups: [1], timeoutMs: 30_000 };
    const { outcome, checksums } = await reader.calls.read(request);
    expect(outcome).toBe('done');
    expect(checksums[0]).toBe(await reader.calls.checksum(4096, 8 * MIB));
    const { crc32: expected } = await python.ask({ do: 'checksum', offset: 0, length: 8 * MIB });
    expect(await reader.calls.crc32(4096, 8 * MIB)).toBe(expected);
  });
});
