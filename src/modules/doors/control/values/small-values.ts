import { KvError } from '../../../../common/errors/kv-error.js';
import { type KvnestConfig } from '../../../../config/kvnest-config.interface.js';
import { type DoorRegistry } from '../../door-registry.js';

const KIB = 1024;
/** What counts where the door for stock clients is off, and others speak its messages. */
const DEFAULT_VALUE_BYTES = 64 * KIB;
const MAX_VALUES = 16;
const MAX_MESSAGE_BYTES = 16 * KIB * KIB;

/** How much of values goes into a message in JSON, and what is said of one that does not. */
export class SmallValues {
  readonly maxValueBytes: number;
  /** Of all values of one message together. */
  readonly maxMessageBytes: number;

  constructor(
    private readonly doors: KvnestConfig['doors'],
    private readonly registry: DoorRegistry,
  ) {
    this.maxValueBytes = doors.nest === false ? DEFAULT_VALUE_BYTES : doors.nest.maxValueBytes;
    this.maxMessageBytes = Math.min(MAX_VALUES * this.maxValueBytes, MAX_MESSAGE_BYTES);
  }

  /** @throws KV_NEST_VALUE_TOO_LARGE @returns how many bytes the message has with this value. */
  add(messageBytes: number, valueBytes: number): number {
    if (valueBytes > this.maxValueBytes) {
      throw this.tooLarge(`a value of ${valueBytes} bytes`);
    }
    if (messageBytes + valueBytes > this.maxMessageBytes) {
      throw this.tooLarge(`more than ${this.maxMessageBytes} bytes of values`);
    }
    return messageBytes + valueBytes;
  }

  /** @throws KV_NEST_VALUE_TOO_LARGE */
  check(values: readonly { readonly bytes: Buffer }[]): void {
    values.reduce((messageBytes, { bytes }) => this.add(messageBytes, bytes.length), 0);
  }

  tooLarge(what: string): KvError {
    const { maxValueBytes, maxMessageBytes } = this;
    return new KvError('KV_NEST_VALUE_TOO_LARGE', `${what} in one message of JSON`, {
      kind: 'input',
      remedy: this.#remedy(),
      details: { maxValueBytes, maxMessageBytes },
    });
  }

  #remedy(): string {
    const { tcp } = this.doors;
    if (tcp === false) return 'turn doors.tcp on, and use kvnest/client, which sends bytes as they are';
    const address = this.registry.status().find(({ name }) => name === 'tcp')?.address;
    const url = `${tcp.tls === undefined ? 'kvnest' : 'kvnests'}://${address ?? `${tcp.host}:${tcp.port}`}`;
    return `use kvnest/client with ${url}, which sends bytes as they are`;
  }
}

export const SMALL_VALUES = Symbol.for('kvnest:SmallValues');
