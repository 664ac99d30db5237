import { type RefusalReason, type StoreResult } from '../../../engine/object-store.interface.js';
import { checksumToHex } from './encodings.js';

/** What became of one value, as JSON. */
export interface PutAnswer {
  readonly stored: boolean;
  readonly reason?: RefusalReason | 'checksum';
  readonly tiers?: readonly string[];
  readonly checksum?: string;
}

export function putAnswer({ stored, tiers, reason }: StoreResult, checksum: number): PutAnswer {
  if (stored) return { stored, tiers, checksum: checksumToHex(checksum) };
  return reason === undefined ? { stored } : { stored, reason };
}
