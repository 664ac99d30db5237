import { isKvError } from '../common/errors/kv-error.js';
import { remoteCallChannel, type RemoteCallMessage } from '../common/tracing/remote-call.channel.js';
import { type Layer, type LayerCall, type NextLayer } from './layer.interface.js';

export interface MetricsLayerOptions {
  readonly tier: string;
}

/** Publishes every call on `kvnest:remote.call`; free when nobody listens. */
export class MetricsLayer implements Layer {
  readonly name = 'metrics';

  constructor(private readonly options: MetricsLayerOptions) {}

  call<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    if (!remoteCallChannel.hasSubscribers) return next(call);
    const startMs = performance.now();
    const publish = (error: string | undefined): void => {
      const { operation, keys, bytes } = call;
      const seconds = (performance.now() - startMs) / 1000;
      const message: RemoteCallMessage = { tier: this.options.tier, operation, keys, bytes, seconds, error };
      remoteCallChannel.publish(message);
    };
    const answer = next(call);
    answer.then(
      () => publish(undefined),
      (error: unknown) => publish(isKvError(error) ? error.code : 'unknown'),
    );
    return answer;
  }
}
