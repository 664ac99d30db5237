/** What the environment says. */
export const settings = {
  host: process.env['HOST'] ?? '127.0.0.1',
  port: wholeNumber('PORT', 3000),
  /** One server, or a list: `kvnest://[token@]host:port,host:port`. */
  kvnestUrl: process.env['KVNEST_URL'] ?? 'kvnest://127.0.0.1:7070',
  /** `tenant:key,tenant:key`; empty: everybody may ask. */
  apiKeys: process.env['API_KEYS'] ?? '',
  /** How much a chunk costs to compute, as a power of two: 15 is some 100 ms. */
  prefillCost: wholeNumber('PREFILL_COST', 15),
};

function wholeNumber(name: string, fallback: number): number {
  const text = process.env[name] ?? String(fallback);
  if (!/^\d{1,5}$/.test(text)) throw new Error(`${name} must be a whole number`);
  return Number(text);
}
