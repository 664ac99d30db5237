/** Injection token of what the configuration says under the extension's own name, and its tier adds. */
export const EXTENSION_OPTIONS = Symbol.for('kvnest:ExtensionOptions');

/** Injection token of what the extension is made for: the `TierConfig` of a backend, the `ConnectorTarget` of a connector. */
export const EXTENSION_TARGET = Symbol.for('kvnest:ExtensionTarget');

/** Injection token of an `ExtensionLogger`: the server's log, under the extension's name. */
export const EXTENSION_LOGGER = Symbol.for('kvnest:ExtensionLogger');
