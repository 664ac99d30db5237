import { MIN_PENDING_BYTES } from '../../common/admission-gate.js';
import { type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { RemoteOptions } from './remote.config.js';

/**
 * Bounds the queue of a remote tier by its share of half of what the engine lets be on its way: the other half is left
 * for puts to the other tiers, however many of the remote stores hang.
 */
export function withinAdmission(
  options: RemoteOptions,
  { maxPendingBytes, tiers }: Pick<KvnestConfig, 'maxPendingBytes' | 'tiers'>,
): RemoteOptions {
  const remoteTiers = tiers.filter(({ type }) => type === 'remote').length;
  const shareBytes = Math.max(1, Math.floor(maxPendingBytes / 2 / Math.max(1, remoteTiers)));
  return Object.assign(new RemoteOptions(), options, {
    queue: Math.min(options.queue, shareBytes),
    queue_chunks: Math.min(options.queue_chunks, Math.max(1, Math.floor(shareBytes / MIN_PENDING_BYTES))),
  });
}
