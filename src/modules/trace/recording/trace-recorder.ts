import { setTimeout as delay } from 'node:timers/promises';
import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import {
  getCallChannel,
  lookupCallChannel,
  putCallChannel,
} from '../../../common/tracing/engine-call.channel.js';
import { type KvnestConfig } from '../../../config/kvnest-config.interface.js';
import { getLine, headerLine, lookupLine, putLine, retrieveLine } from '../format/recorded-line.js';
import { unwritableTrace } from '../trace-errors.js';
import { digestNames, keyName } from './key-names.js';
import { type RecordingStatus } from './recording-status.interface.js';
import { TraceFile } from './trace-file.js';
import { TraceQueue } from './trace-queue.js';

/** The injection token of the `TraceRecorder`. */
export const TRACE_RECORDER = Symbol.for('kvnest:TraceRecorder');

interface Recording {
  readonly startedAt: Date;
  readonly queue: TraceQueue;
  /** Ends the subscriptions. */
  readonly stops: readonly (() => void)[];
}

/** Writes down what the engine is asked for: which chunks, when, and how long they are, never what is in them. */
export class TraceRecorder implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger('trace');
  #recording: Recording | undefined;
  /** The recording that ended last. */
  #ended: Recording | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly config: Pick<KvnestConfig, 'trace' | 'chunkTokens' | 'drainTimeoutMs'>) {}

  async onModuleInit(): Promise<void> {
    if (this.config.trace.record) await this.start();
  }

  /** A disk that stands still must not keep the server from ending. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.race([this.stop(), delay(this.config.drainTimeoutMs, undefined, { ref: false })]);
  }

  /** Begins a file, unless one is being written. @throws KV_TRACE_UNWRITABLE */
  start(): Promise<RecordingStatus> {
    return this.#inTurn(async () => {
      this.#recording ??= await this.#begin();
      return this.status();
    });
  }

  /** Ends it; answers when the file is complete. */
  stop(): Promise<RecordingStatus> {
    return this.#inTurn(async () => {
      const recording = this.#recording;
      if (recording !== undefined) {
        for (const stop of recording.stops) stop();
        this.#recording = undefined;
        this.#ended = recording;
        await recording.queue.close();
      }
      return this.status();
    });
  }

  status(): RecordingStatus {
    const { startedAt, queue } = this.#recording ?? this.#ended ?? {};
    return {
      recording: this.#recording !== undefined,
      path: this.config.trace.path,
      startedAt: startedAt?.toISOString(),
      events: queue?.events ?? 0,
      bytes: queue?.bytes ?? 0,
      lostEvents: queue?.lostEvents ?? 0,
      error: queue?.error?.message,
    };
  }

  async #begin(): Promise<Recording> {
    const { path, maxBytes } = this.config.trace;
    const startedAt = new Date();
    const header = (): string => headerLine(startedAt, this.config.chunkTokens);
    const file = await TraceFile.create({ path, maxBytes, header }).catch((error: unknown) => {
      throw unwritableTrace(path, error);
    });
    const queue = new TraceQueue(file, ({ message }) =>
      this.#logger.warn(`The trace ${path} cannot be written, what follows is not recorded: ${message}`),
    );
    this.#logger.log(`Recording what is asked for to ${path}`);
    return { startedAt, queue, stops: subscribe(queue) };
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const answer = this.#turn.then(run);
    this.#turn = answer.catch(() => undefined);
    return answer;
  }
}

function subscribe(queue: TraceQueue): readonly (() => void)[] {
  const startMs = performance.now();
  const now = (): number => Math.round(performance.now() - startMs);
  return [
    lookupCallChannel.subscribe(({ digests, length, tokens, reads }) => {
      const timeMs = now();
      const asLine = reads ? retrieveLine : lookupLine;
      queue.push(timeMs, asLine(timeMs, digestNames(digests, length), tokens));
    }),
    getCallChannel.subscribe(({ key, bytes }) => {
      const timeMs = now();
      queue.push(timeMs, getLine(timeMs, keyName(key), bytes));
    }),
    putCallChannel.subscribe(({ key, bytes, depth }) => {
      const timeMs = now();
      queue.push(timeMs, putLine(timeMs, keyName(key), bytes, depth));
    }),
  ];
}
