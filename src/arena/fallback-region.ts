import { type Region } from './region.interface.js';

/** A region on the process's own heap: the same arena, in pages of any size. */
export function openFallbackRegion(capacityBytes: number): Region {
  const buffer = new ArrayBuffer(capacityBytes);
  return {
    buffer,
    native: false,
    name: undefined,
    close: () => {
      // A transfer is how JavaScript detaches a buffer.
      if (buffer.byteLength > 0) structuredClone(buffer, { transfer: [buffer] });
    },
  };
}
