/** What became of one request of a trace at a server. */
export interface RequestOutcome {
  /** Blocks in front of the first that was not there. */
  hits: number;
  /** Blocks that the server did not take. */
  refused: number;
  /** Blocks that came back as others. */
  wrong: number;
  bytesRead: number;
  bytesStored: number;
  /** From its start until the first block was here, and the last; undefined = there was none. */
  firstMs: number | undefined;
  lastMs: number | undefined;
}

/** Asks a server for the blocks of requests, and stores what it does not have. */
export interface RequestRunner {
  run(request: number): Promise<RequestOutcome>;
  /** Has the server bring what it has of a request to its first tier. @returns how many blocks that were. */
  prefetch(request: number): Promise<number>;
}

export function emptyOutcome(): RequestOutcome {
  return {
    hits: 0,
    refused: 0,
    wrong: 0,
    bytesRead: 0,
    bytesStored: 0,
    firstMs: undefined,
    lastMs: undefined,
  };
}
