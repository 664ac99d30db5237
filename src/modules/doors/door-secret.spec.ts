import { describe, expect, it } from '@jest/globals';
import { DoorSecret } from './door-secret.js';

describe('DoorSecret', () => {
  it('knows the token of the configuration and no other', () => {
    const secret = new DoorSecret('hush');
    expect(secret.required).toBe(true);
    expect(['hush', Buffer.from('hush'), 'hus', 'hush ', ''].map((given) => secret.matches(given))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('takes what it issued until that is revoked', () => {
    const secret = new DoorSecret('hush');
    const [first, second] = [secret.issue(), secret.issue()];
    expect(first?.text).toMatch(/^[\da-f]{64}$/);
    expect(first?.text).not.toBe(second?.text);
    expect([first, second].map((token) => secret.matches(token?.text ?? ''))).toEqual([true, true]);
    first?.revoke();
    expect([first, second].map((token) => secret.matches(token?.text ?? ''))).toEqual([false, true]);
    expect(secret.matches('hush')).toBe(true);
  });

  it('asks for nothing and issues nothing where the configuration has no token', () => {
    const secret = new DoorSecret(undefined);
    expect([secret.required, secret.matches('anything'), secret.issue()]).toEqual([false, true, undefined]);
  });
});
