import { type LogLevel } from '@nestjs/common';
import { type Clock } from '../../common/clock.js';
import { ByteBudget } from './byte-budget.js';
import { DropCounter, type DroppedOutput } from './drop-counter.js';
import { LineQueue } from './line-queue.js';
import { LineSplitter } from './line-splitter.js';
import { type LogLine, readLogLine } from './log-line.js';
import { findNotifications, isNotification, type Notification, readNotification } from './notification.js';
import { decodeLine, escapeControls } from './printable.js';

/** What a line costs beside its bytes: the head of its line in the log. Empty lines would be free otherwise. */
const LINE_COST_BYTES = 128;

export interface PluginOutputParts {
  readonly maxLineBytes: number;
  readonly bytesPerSecond: number;
  readonly clock: Clock;
  /** Whether lines that nobody takes wait already. */
  readonly isBehind: () => boolean;
  readonly onLine: (line: LogLine) => void;
  readonly onNotification: (notification: Notification) => void;
  readonly onDropped: (dropped: DroppedOutput) => void;
}

/**
 * What a process prints, as lines for the log. The streams are read as fast as they come; what goes beyond the budget is
 * counted and not looked at any further, but for notifications.
 */
export class PluginOutput {
  readonly #parts: PluginOutputParts;
  readonly #budget: ByteBudget;
  readonly #queue: LineQueue<LogLine>;
  readonly #dropped: DropCounter;
  readonly #splitters: LineSplitter[] = [];

  constructor(parts: PluginOutputParts) {
    this.#parts = parts;
    this.#budget = new ByteBudget(parts.bytesPerSecond, parts.clock);
    this.#queue = new LineQueue(Math.ceil(parts.bytesPerSecond / LINE_COST_BYTES), parts.onLine);
    this.#dropped = new DropCounter(parts.onDropped);
  }

  /**
   * @param level of its lines that do not say one themselves.
   * @returns what takes the pieces of one stream; a piece is used during the call only.
   */
  reader(level: LogLevel): (piece: Buffer) => void {
    const splitter = new LineSplitter({
      maxLineBytes: this.#parts.maxLineBytes,
      onLine: (line, cutBytes) => this.#take(line, cutBytes, level),
      onSkipped: (lines) => this.#skip(lines),
    });
    this.#splitters.push(splitter);
    return (piece) => splitter.push(piece);
  }

  /** To be called when nothing more comes: resolves when all that came was handed on. */
  async end(): Promise<void> {
    for (const splitter of this.#splitters) splitter.end();
    this.#dropped.flush();
    await this.#queue.drained();
  }

  #take(line: Buffer, cutBytes: number, level: LogLevel): boolean {
    const hasRoom = this.#hasRoom(line.length);
    if (isNotification(line)) {
      const notification = readNotification(line);
      if (notification !== undefined) this.#parts.onNotification(notification);
      return hasRoom;
    }
    if (!hasRoom) {
      this.#dropped.add(line.length + cutBytes + 1, 1);
      return false;
    }
    const text = decodeLine(line, cutBytes > 0).replace(/\r$/, '');
    if (text === '' && cutBytes === 0) return true;
    const { level: ownLevel, text: message } = readLogLine(text, level);
    const end = cutBytes > 0 ? ` … (${cutBytes} bytes cut)` : '';
    this.#queue.push({ level: ownLevel, text: escapeControls(message) + end });
    return true;
  }

  #hasRoom(bytes: number): boolean {
    return !this.#queue.isFull && !this.#parts.isBehind() && this.#budget.take(bytes + LINE_COST_BYTES);
  }

  #skip(lines: Buffer): void {
    for (const notification of findNotifications(lines)) this.#parts.onNotification(notification);
    this.#dropped.addLines(lines);
  }
}
