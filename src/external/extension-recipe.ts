import { externalConstructor } from './external-errors.js';
import { type ExtensionServices } from './extension-context.interface.js';
import { type LoadedExternal } from './load-external.js';

/** One extension at one tier. */
export interface ExtensionRecipe<T> {
  readonly loaded: LoadedExternal;
  /** Where the extension is provided, and how its author writes that. */
  readonly token: string;
  readonly tokenCall: string;
  /** Name of the tier. */
  readonly tier: string;
  /** A TierConfig or a ConnectorTarget, with all options. */
  readonly target: { readonly options: Readonly<Record<string, unknown>> };
  /** The second argument of `register`. */
  readonly find?: unknown;
  /** Checks what was made, and makes of it what the server takes. @throws KV_EXTERNAL_METHODS */
  readonly finish: (instance: unknown, services: ExtensionServices) => T;
}

/** Runs code of the user that makes the extension. @throws KV_EXTERNAL_CONSTRUCTOR */
export async function making<T>(
  { loaded }: Pick<ExtensionRecipe<unknown>, 'loaded'>,
  make: () => T | Promise<T>,
): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw externalConstructor(loaded.external, loaded.description, error);
  }
}

/** As `making`, for what has to answer at once. */
export function makingNow<T>({ loaded }: ExtensionRecipe<unknown>, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw externalConstructor(loaded.external, loaded.description, error);
  }
}
