import { spawnSync } from 'node:child_process';

const { status } = spawnSync('nvidia-smi', ['-L'], { stdio: 'ignore' });

/** Why there is no memory of a GPU for NIXL here, undefined when there is. */
export const missingGpu =
  status === 0 ? undefined : 'there is no GPU here whose memory NIXL could read or fill';
