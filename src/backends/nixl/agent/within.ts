/** Waits that long, and keeps the process alive meanwhile. @throws what `late` gives when it takes longer */
export async function within<T>(promise: Promise<T>, timeoutMs: number, late: () => unknown): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(late()), timeoutMs);
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
