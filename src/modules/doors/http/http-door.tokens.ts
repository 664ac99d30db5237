/** The limits of this door. */
export const HTTP_LIMITS = Symbol.for('kvnest:HttpLimits');
