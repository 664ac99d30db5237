import { type Layer, type NextLayer } from './layer.interface.js';

export interface LayerChain {
  readonly call: NextLayer;
  close(closeTarget: () => Promise<void>): Promise<void>;
}

/** Puts layers around one another, once: a call makes no closures for its way through them. The first is outermost. */
export function chainLayers(layers: readonly Layer[]): LayerChain {
  return {
    call: layers.reduceRight<NextLayer>(
      (next, layer) => (call) => layer.call(call, next),
      (call) => call.run(),
    ),
    close: (closeTarget) =>
      layers.reduceRight<() => Promise<void>>(
        (next, layer) => () => layer.close?.(next) ?? next(),
        closeTarget,
      )(),
  };
}
