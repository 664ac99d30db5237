/** What a connection has told or chosen. */
export class RespSession {
  name = '';
  /** SELECT: the namespace of all keys. */
  database = 0;
  authenticated: boolean;
  lastCommand = 'NULL';
  readonly openedAtMs: number;

  constructor(
    readonly id: number,
    readonly address: string,
    authenticated: boolean,
    nowMs: number,
  ) {
    this.authenticated = authenticated;
    this.openedAtMs = nowMs;
  }
}
