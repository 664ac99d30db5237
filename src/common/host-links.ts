import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const RDMA_DEVICES = '/sys/class/infiniband';

/** Equal in processes that can copy from each other's memory, as far as that can be told: same kernel, processes and user. */
export function hostIdentity(): string {
  try {
    const kernel = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return [kernel, readlinkSync('/proc/self/ns/pid'), process.getuid?.() ?? ''].join(' ');
  } catch {
    return `unknown ${process.pid}`;
  }
}

export function hasRdma(): boolean {
  return existsSync(RDMA_DEVICES) && readdirSync(RDMA_DEVICES).length > 0;
}
