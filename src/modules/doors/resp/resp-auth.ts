import { type DoorSecret } from '../door-secret.js';

const DEFAULT_USER = 'default';

/** The one password of the door, which is the server's token. */
export class RespAuth {
  constructor(private readonly secret: DoorSecret) {}

  /** Whether clients must authenticate. */
  get required(): boolean {
    return this.secret.required;
  }

  /** Without a token, any password of the default user is right. */
  accepts(user: Buffer | undefined, password: Buffer): boolean {
    if (user !== undefined && user.toString('utf8') !== DEFAULT_USER) return false;
    return this.secret.matches(password);
  }
}
