/** What one command may take of the server's heap. */
export interface RespRequestLimits {
  /** Longest bulk that the protocol allows (Redis's `proto-max-bulk-len`). Default 512 MiB. */
  readonly maxBulkBytes: number;
  /** Most arguments that the protocol allows. Default 1,048,576. */
  readonly maxArguments: number;
  /** Longest inline command, and longest length line. Default 64 KiB. */
  readonly maxLineBytes: number;
  /** Longest argument that is buffered. Default 64 KiB. */
  readonly maxArgumentBytes: number;
  /** What all arguments of one command may take, each counted with 128 bytes of overhead. Default 4 MiB. */
  readonly maxCommandBytes: number;
  /** Values of `SET` from this length on are handed out as a body, shorter ones as an argument. Default 1 KiB. */
  readonly bodyThresholdBytes: number;
}

/** A complete command. */
export interface RespCommand {
  readonly kind: 'command';
  /** The command's name in upper case. */
  readonly name: string;
  /**
   * All arguments, the name first. They are copies that the receiver may keep. A value that was handed out as a
   * body stands here as an empty buffer.
   */
  readonly args: readonly Buffer[];
  /** How many arguments the client sent. */
  readonly argumentCount: number;
  /** The length of the body that was handed out, or undefined when there was none. */
  readonly bodyBytes: number | undefined;
  /**
   * The command was too large to be kept: `args` ends before the first argument that did not fit, the rest was read
   * and dropped. The stream is intact; answer with an error.
   */
  readonly oversized: boolean;
}

/** The next bytes of the stream are the value of `SET key`: see `RespRequestParser`. */
export interface RespValueStart {
  readonly kind: 'value-start';
  readonly key: Buffer;
  readonly lengthBytes: number;
  /** How many arguments the command has; beyond 3 there are options behind the value. */
  readonly argumentCount: number;
}

/** The stream cannot be understood any more: answer `-ERR <message>` and close. */
export interface RespProtocolError {
  readonly kind: 'protocol-error';
  /** Redis's own text, such as `Protocol error: invalid bulk length`. */
  readonly message: string;
}

export type RespRequestEvent = RespCommand | RespValueStart | RespProtocolError;
