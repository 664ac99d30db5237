const PREFIX = Buffer.from('kvnest:notify ');
const NEWLINE = 0x0a;
/** Of one piece of output that is skipped: more than these mean no more than these. */
const MAX_OF_SKIPPED = 16;

/** What a plugin tells of itself, in a line of its output: `kvnest:notify READY=1`. */
export type Notification =
  | { readonly kind: 'ready' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'status'; readonly text: string };

/** @returns undefined for a line that is none, or says nothing that is known. */
export function readNotification(line: Buffer): Notification | undefined {
  if (!isNotification(line)) return undefined;
  const text = line.toString('utf8', PREFIX.length).trim();
  if (text === 'READY=1') return { kind: 'ready' };
  if (text === 'WATCHDOG=1') return { kind: 'alive' };
  return text.startsWith('STATUS=') ? { kind: 'status', text: text.slice('STATUS='.length) } : undefined;
}

export function isNotification(line: Buffer): boolean {
  return line.length >= PREFIX.length && line.compare(PREFIX, 0, PREFIX.length, 0, PREFIX.length) === 0;
}

/** Those among whole lines that nobody reads otherwise. */
export function* findNotifications(lines: Buffer): Generator<Notification> {
  let from = 0;
  for (let found = 0; found < MAX_OF_SKIPPED; found++) {
    const at = lines.indexOf(PREFIX, from);
    if (at === -1) return;
    const end = lines.indexOf(NEWLINE, at);
    const notification =
      at === 0 || lines[at - 1] === NEWLINE ? readNotification(lines.subarray(at, end)) : undefined;
    if (notification !== undefined) yield notification;
    from = end + 1;
  }
}
