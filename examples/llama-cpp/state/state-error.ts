/** The engine's state is not what this example can cut into chunks. */
export class StateFormatError extends Error {
  readonly code = 'KV_EXAMPLE_STATE_FORMAT';

  constructor(found: string) {
    super(
      `${found}. Only models that keep one full-attention cache can be cut by tokens: not sliding-window, ` +
        'recurrent, hybrid or M-RoPE ones.',
    );
    this.name = 'StateFormatError';
  }
}
