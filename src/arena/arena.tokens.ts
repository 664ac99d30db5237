/** Injection token of the `Arena`. */
export const ARENA = Symbol.for('kvnest:Arena');

/** Injection token of the `ArenaSpace`: how everybody gets room. */
export const ARENA_SPACE = Symbol.for('kvnest:ArenaSpace');
