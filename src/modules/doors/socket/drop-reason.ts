import { type RefusalReason } from '../../engine/object-store.interface.js';

/**
 * Why a value was read and not kept. Beside the engine's reasons: it does not have the checksum that was announced, the
 * key or the metadata is too long, the client stalled, the other half of a pair did not come, or something failed inside.
 */
export type DropReason =
  | RefusalReason
  | 'checksum'
  | 'key-too-long'
  | 'metadata-too-large'
  | 'stalled'
  | 'pair-incomplete'
  | 'internal';
