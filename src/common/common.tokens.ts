/** Injection token of the `Clock`. */
export const CLOCK = Symbol.for('kvnest:Clock');

/** Injection token of the name of this start of this server, a UUID. */
export const BOOT_ID = Symbol.for('kvnest:BootId');
