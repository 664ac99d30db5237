import { type Socket } from 'node:net';
import {
  encodeTransfer,
  type MemoryRange,
  parseTransferStatus,
  TRANSFER_STATUS_BYTES,
  type TransferVersion,
} from '../../../protocols/mooncake/transfer-frame.js';
import { type PooledConnection } from '../../connection-pool/connection-pool.js';
import { remoteAborted, remoteProtocol, remoteTimeout, remoteUnreachable } from '../../connector-errors.js';
import { type ChunkIntake } from '../../intake/chunk-intake.interface.js';
import { openSocket } from '../../open-socket.js';
import { sendRequest } from '../../send-request.js';

export interface TransferAddress {
  readonly host: string;
  readonly port: number;
  readonly version: TransferVersion;
  /** What errors call the owner. */
  readonly label: string;
  /** It is given up when it makes no progress for so long. */
  readonly silenceMs: number;
}

/** Where the bytes of a value go. */
export type ValueTarget = Pick<ChunkIntake, 'target' | 'advance'>;

interface RunningTransfer {
  readonly target: ValueTarget;
  /** The socket is done with what is sent. It may say so after the answer has come. */
  isSent: boolean;
  settle(outcome: boolean | Error): void;
}

/** How much is read at once: few enough that the checksum of the bytes finds them in the processor's cache. */
const READ_BYTES = 256 * 1024;
const STATUS = Buffer.allocUnsafeSlow(TRANSFER_STATUS_BYTES);
const NOWHERE: ValueTarget = { target: () => STATUS.subarray(0, 1), advance: () => undefined };
const ENDED_BY_PEER = new Set(['ECONNRESET', 'EPIPE']);

/** A connection to the owner of a segment, with one transfer on its way at a time: whole ranges of its memory. */
export class TransferConnection implements PooledConnection {
  receivedBytes = 0;
  /** The owner has closed it: of what was sent nothing can reach its memory any more. */
  isEndedByPeer = false;
  readonly closed: Promise<void>;
  /** Settles when the owner has accepted it. */
  readonly connected: Promise<void>;
  readonly #address: TransferAddress;
  readonly #socket: Socket;
  readonly #status = Buffer.alloc(TRANSFER_STATUS_BYTES);
  #transfer: RunningTransfer | undefined;
  #missingStatusBytes = 0;
  #missingValueBytes = 0;
  #isRejected = false;
  /** Where the next bytes go was decided when no transfer was on its way. */
  #isIdleTarget = false;
  #failure: Error | undefined;

  constructor(address: TransferAddress) {
    this.#address = address;
    const { host, port, label, silenceMs } = address;
    const { socket, connected, closed } = openSocket(
      { host, port },
      {
        nextTarget: () => this.#nextTarget(),
        onBytes: (bytes) => this.#onBytes(bytes),
        onEnd: (error) => this.#onEnd(error),
        onClosed: () => this.#onClosed(),
      },
    );
    this.#socket = socket.on('timeout', () => this.destroy(remoteTimeout(label, 'a transfer', silenceMs)));
    this.connected = connected;
    this.closed = closed;
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  get isReusable(): boolean {
    return this.isOpen && !this.#isRejected;
  }

  /**
   * Reads a range to where `target` says.
   *
   * @returns false when the owner has no such range.
   * @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_TIMEOUT, KV_REMOTE_PROTOCOL, KV_REMOTE_ABORTED, or what `target` throws.
   */
  read(range: MemoryRange, target: ValueTarget, signal?: AbortSignal): Promise<boolean> {
    const { version } = this.#address;
    return this.#run([encodeTransfer('read', range, version)], range.lengthBytes, target, signal);
  }

  /**
   * Writes `views` over a range, and settles when they are there. Without acknowledgements, the last byte is read back:
   * the owner does one thing after the other.
   *
   * @returns false when the owner has no such range.
   */
  write(range: MemoryRange, views: readonly Uint8Array[]): Promise<boolean> {
    const { version } = this.#address;
    const request = [encodeTransfer('write', range, version), ...views];
    if (version === 2) return this.#run(request, 0, NOWHERE);
    const last = { address: range.address + BigInt(range.lengthBytes - 1), lengthBytes: 1 };
    return this.#run([...request, encodeTransfer('read', last, version)], 1, NOWHERE);
  }

  /** Ends the connection at once, what was not sent included. */
  destroy(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
    this.#settle(reason);
  }

  #run(
    request: readonly Uint8Array[],
    valueBytes: number,
    target: ValueTarget,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { label, silenceMs, version } = this.#address;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (signal?.aborted === true) return Promise.reject(remoteAborted(label));
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.destroy(remoteAborted(label));
      signal?.addEventListener('abort', onAbort);
      this.#missingStatusBytes = version === 2 ? TRANSFER_STATUS_BYTES : 0;
      this.#missingValueBytes = valueBytes;
      const transfer: RunningTransfer = {
        target,
        isSent: false,
        settle: (outcome) => {
          signal?.removeEventListener('abort', onAbort);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      };
      this.#transfer = transfer;
      this.#socket.setTimeout(silenceMs);
      sendRequest(this.#socket, request, () => {
        transfer.isSent = true;
        if (transfer === this.#transfer) this.#settleIfDone(transfer);
      });
    });
  }

  #nextTarget(): Buffer {
    const transfer = this.#isAnswered ? undefined : this.#transfer;
    this.#isIdleTarget = transfer === undefined;
    if (transfer === undefined) return STATUS.subarray(0, 1);
    if (this.#missingStatusBytes > 0) return STATUS.subarray(0, this.#missingStatusBytes);
    return transfer.target.target(Math.min(READ_BYTES, this.#missingValueBytes));
  }

  #onBytes(bytes: number): void {
    this.receivedBytes += bytes;
    if (this.#transfer === undefined || this.#isAnswered) this.#violated('it sends what nobody asked for');
    else if (this.#missingStatusBytes > 0) this.#onStatus(this.#transfer, bytes);
    else this.#onValue(this.#transfer, bytes);
  }

  #onStatus(transfer: RunningTransfer, bytes: number): void {
    STATUS.copy(this.#status, TRANSFER_STATUS_BYTES - this.#missingStatusBytes, 0, bytes);
    this.#missingStatusBytes -= bytes;
    if (this.#missingStatusBytes > 0) return;
    const code = parseTransferStatus(this.#status);
    if (code === undefined) this.#violated('a status that is none');
    else if (code !== 0) {
      // The owner closes the connection, and what is still on its way goes nowhere.
      this.#isRejected = true;
      this.#settle(false);
    } else this.#settleIfDone(transfer);
  }

  #onValue(transfer: RunningTransfer, bytes: number): void {
    const { target } = transfer;
    try {
      if (this.#isIdleTarget) STATUS.copy(target.target(1), 0, 0, 1);
      target.advance(bytes);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    this.#missingValueBytes -= bytes;
    this.#settleIfDone(transfer);
  }

  /** Not before all is sent, whatever the owner says: the bytes belong to the caller again then. */
  #settleIfDone({ isSent }: RunningTransfer): void {
    if (isSent && this.#isAnswered) this.#settle(true);
  }

  get #isAnswered(): boolean {
    return this.#missingStatusBytes === 0 && this.#missingValueBytes === 0;
  }

  #violated(what: string): void {
    this.destroy(remoteProtocol(this.#address.label, what));
  }

  #onEnd(error?: NodeJS.ErrnoException): void {
    if (error === undefined) this.isEndedByPeer = this.isOpen;
    else this.isEndedByPeer ||= ENDED_BY_PEER.has(error.code ?? '');
    this.destroy(this.#lost(error));
  }

  #onClosed(): Error {
    this.destroy(this.#lost());
    return this.#failure as Error;
  }

  #lost(cause: Error = new Error('the connection was closed')): Error {
    return remoteUnreachable(this.#address.label, cause);
  }

  #settle(outcome: boolean | Error): void {
    const transfer = this.#transfer;
    this.#transfer = undefined;
    this.#socket.setTimeout(0);
    transfer?.settle(outcome);
  }
}
