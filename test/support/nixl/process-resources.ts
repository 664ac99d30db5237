import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessResources {
  readonly residentBytes: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** What a process of this machine has, as the kernel counts it. */
export function processResources(pid: number): ProcessResources {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const [, residentKib] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return {
    residentBytes: Number(residentKib) * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
  };
}
