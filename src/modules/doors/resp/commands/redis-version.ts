/** The version of Redis whose replies these are, to the byte. */
export const REDIS_VERSION = '7.0.15';
