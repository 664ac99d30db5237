import { type CallOptions } from '../connectors/remote-connector.interface.js';

/** A signal that aborts with another one, and when it is told to. The controller is made when somebody looks at it. */
export interface LazySignal {
  /** With the signal as a property of its own, which survives `{ ...options }`. */
  readonly options: CallOptions;
  abort(reason: Error): void;
  /** Nobody looks at the signal any more: forgets the other one. */
  end(): void;
}

export function lazySignal(outer: { readonly signal: AbortSignal | undefined }): LazySignal {
  let controller: AbortController | undefined;
  let aborted: Error | undefined;
  let followed: AbortSignal | undefined;
  const follow = (): void => controller?.abort(followed?.reason);
  const make = (): AbortController => {
    const made = new AbortController();
    followed = outer.signal;
    if (aborted !== undefined) made.abort(aborted);
    else if (followed?.aborted === true) made.abort(followed.reason);
    else followed?.addEventListener('abort', follow, { once: true });
    return made;
  };
  return {
    options: {
      get signal() {
        controller ??= make();
        return controller.signal;
      },
    },
    abort: (reason) => {
      aborted = reason;
      controller?.abort(reason);
    },
    end: () => followed?.removeEventListener('abort', follow),
  };
}
