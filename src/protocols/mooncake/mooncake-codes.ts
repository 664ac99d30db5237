/** What Mooncake's master, or its client library, says instead of a value. */
export const MOONCAKE_CODES = {
  OK: 0,
  NO_AVAILABLE_HANDLE: -200,
  INVALID_PARAMS: -600,
  ILLEGAL_CLIENT: -601,
  REPLICA_IS_NOT_READY: -703,
  OBJECT_NOT_FOUND: -704,
  OBJECT_ALREADY_EXISTS: -705,
  LEASE_EXPIRED: -707,
  REPLICA_IS_GONE: -712,
  TRANSFER_FAIL: -800,
  RPC_FAIL: -900,
  RPC_TIMEOUT: -901,
  UNAVAILABLE_IN_CURRENT_STATUS: -1010,
  UNAVAILABLE_IN_CURRENT_MODE: -1011,
  TENANT_QUOTA_EXCEEDED: -1700,
  TENANT_NOT_REGISTERED: -1701,
} as const;

const {
  REPLICA_IS_NOT_READY,
  OBJECT_NOT_FOUND,
  LEASE_EXPIRED,
  REPLICA_IS_GONE,
  NO_AVAILABLE_HANDLE,
  TENANT_QUOTA_EXCEEDED,
  UNAVAILABLE_IN_CURRENT_STATUS,
  UNAVAILABLE_IN_CURRENT_MODE,
} = MOONCAKE_CODES;

const ABSENT = new Set<number>([REPLICA_IS_NOT_READY, OBJECT_NOT_FOUND, LEASE_EXPIRED, REPLICA_IS_GONE]);
const FULL = new Set<number>([NO_AVAILABLE_HANDLE, TENANT_QUOTA_EXCEEDED]);
const NOT_LEADING = new Set<number>([UNAVAILABLE_IN_CURRENT_STATUS, UNAVAILABLE_IN_CURRENT_MODE]);

/** There is nothing to read, now. */
export function isAbsent(code: number): boolean {
  return ABSENT.has(code);
}

/** There is no room, now; the same is said where there is no segment. */
export function isFull(code: number): boolean {
  return FULL.has(code);
}

/** Another master is to be asked. */
export function isNotLeading(code: number): boolean {
  return NOT_LEADING.has(code);
}
