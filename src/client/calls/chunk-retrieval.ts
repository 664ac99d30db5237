import { Observable } from 'rxjs';
import { type Retrieval, type RetrievedChunk } from '../kvnest-client.interface.js';

type Chunks = AsyncIterator<RetrievedChunk, undefined>;

/** Chunks of a prefix; each loop and each subscription retrieves anew. */
export class ChunkRetrieval implements Retrieval {
  constructor(private readonly open: () => Chunks) {}

  [Symbol.asyncIterator](): Chunks {
    return this.open();
  }

  asObservable(): Observable<RetrievedChunk> {
    return new Observable((subscriber) => {
      const chunks = this.open();
      const pump = async (): Promise<void> => {
        while (!subscriber.closed) {
          const { done, value } = await chunks.next();
          if (done === true) break;
          subscriber.next(value);
        }
      };
      pump().then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      );
      return () => void chunks.return?.();
    });
  }
}
