import { type Region } from './region.interface.js';

/** A region on the process's own heap: the same arena, in pages of any size. */
export function openFallbackRegion(capacityBytes: number): Region {
  const buffer = new ArrayBuffer(capacityBytes);
  return {
    buffer,
    native: false,
    name: undefined,
    close: () => {
      // To nothing: the memory is given back now, and not when the collector next comes by.
      if (buffer.byteLength > 0) buffer.transfer(0);
    },
  };
}
