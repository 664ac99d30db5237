/** Injection token of the `KvnestClient` that `KvnestClientModule` makes. */
export const KVNEST_CLIENT = Symbol.for('kvnest:Client');

/** Injection token of Nest's `ClientProxy` over it. */
export const KVNEST_CLIENT_PROXY = Symbol.for('kvnest:ClientProxy');
