import { type Socket } from 'node:net';
import { finalize, type Observable, Subject, takeUntil } from 'rxjs';
import { type ReplyFlow } from '../reply-flow.interface.js';

/** What is in flight on one connection; it ends with the connection. */
export class NestConnection implements ReplyFlow {
  readonly #closed$ = new Subject<void>();
  #inFlight = 0;

  constructor(
    private readonly socket: Socket,
    private readonly onIdle: () => void,
  ) {}

  get inFlight(): number {
    return this.#inFlight;
  }

  get isBehind(): boolean {
    return this.socket.writableNeedDrain;
  }

  /** A request has come. */
  begin(): void {
    this.#inFlight++;
  }

  /** The answer of a request, whose end is that of the request. */
  answer<T>(answer$: Observable<T>): Observable<T> {
    return answer$.pipe(takeUntil(this.#closed$), finalize(this.#done));
  }

  close(): void {
    this.#closed$.next();
    this.#closed$.complete();
  }

  readonly #done = (): void => {
    this.#inFlight--;
    if (this.#inFlight === 0) this.onIdle();
  };
}
