/** What a remote tier counts. */
export class RemoteCounters {
  /** Calls to the store that failed, after their retries. */
  errors = 0;
  /** Chunks that failed their checksum. */
  corruptions = 0;
}
