import { ConnectionPool } from '../../connection-pool/connection-pool.js';
import { openInTime } from '../../connection-pool/open-in-time.js';
import { untilAborted } from '../../until-aborted.js';
import { askOwner, type OwnerAddress } from './ask-owner.js';
import { TransferConnection } from './transfer-connection.js';

export interface OwnerOptions {
  /** What errors call the store. */
  readonly label: string;
  /** To each owner. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Of a handshake, and of a transfer that makes no progress. */
  readonly silenceMs: number;
  readonly metadataServer: string | undefined;
}

/** Who holds a segment of the store's memory. How it is reached is asked once, and again when it cannot be reached so. */
export class SegmentOwner {
  /** The longest value for which it can have room; 0 when that is not known. */
  segmentBytes = 0;
  readonly #options: OwnerOptions;
  readonly #pool: ConnectionPool<TransferConnection>;
  #address: Promise<OwnerAddress> | undefined;

  /** @param onUnreachable when a connection could not be made. */
  constructor(
    private readonly endpoint: string,
    options: OwnerOptions,
    private readonly onUnreachable: (error: unknown) => void,
  ) {
    this.#options = { ...options, label: `${options.label}: the owner ${endpoint}` };
    const { label, connections } = this.#options;
    this.#pool = new ConnectionPool({ label, connections, open: (signal) => this.#open(signal) });
  }

  /** Runs `run` on a connection that nobody else uses meanwhile. */
  lease<T>(run: (connection: TransferConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#pool.lease(run, signal);
  }

  /** Asks it how it is reached, and how much room it has. */
  async learn(): Promise<void> {
    try {
      await this.#learnAddress();
    } catch (error) {
      this.onUnreachable(error);
      throw error;
    }
  }

  /** What runs rejects with KV_REMOTE_CLOSED. */
  close(): void {
    this.#pool.close();
  }

  async #open(signal: AbortSignal): Promise<TransferConnection> {
    const { label, connectTimeoutMs, silenceMs } = this.#options;
    try {
      const { dataHost, dataPort, version } = await untilAborted(
        label,
        signal,
        this.#learnAddress(),
        () => undefined,
      );
      const connection = new TransferConnection({
        host: dataHost,
        port: dataPort,
        version,
        label,
        silenceMs,
      });
      return await openInTime(connection, ({ connected }) => connected, { label, connectTimeoutMs }, signal);
    } catch (error) {
      this.#address = undefined;
      if (!signal.aborted) this.onUnreachable(error);
      throw error;
    }
  }

  #learnAddress(): Promise<OwnerAddress> {
    if (this.#address !== undefined) return this.#address;
    const { metadataServer, label, silenceMs: timeoutMs } = this.#options;
    const address = askOwner({ endpoint: this.endpoint, metadataServer, label, timeoutMs });
    this.#address = address;
    address.then(
      ({ segmentBytes }) => (this.segmentBytes = segmentBytes),
      () => (this.#address = undefined),
    );
    return address;
  }
}
