import { missingCommand } from '../peer.js';

/** Why there is no memory of a GPU for NIXL here, undefined when there is. */
export const missingGpu =
  missingCommand('nvidia-smi', ['-L']) === undefined
    ? undefined
    : 'there is no GPU here whose memory NIXL could read or fill';
