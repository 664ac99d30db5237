import { randomUUID } from 'node:crypto';
import { type TcpDoorLimits } from '../../src/config/kvnest-config.interface.js';
import { DoorSecret } from '../../src/modules/doors/door-secret.js';
import { createTcpDoor } from '../../src/modules/doors/tcp/create-tcp-door.js';
import { type TcpDoor } from '../../src/modules/doors/tcp/tcp-door.js';
import { TieredPeerOwner } from '../../src/modules/peers/tiered-peer-owner.js';
import {
  openSocketDoor,
  type SocketDoorParts,
  type TestSocketDoor,
  type TestSocketDoorOptions,
} from './socket-door.js';

export interface TestTcpDoorOptions extends TestSocketDoorOptions {
  readonly limits?: Partial<TcpDoorLimits>;
  readonly token?: string;
  /** Longest lease that peers get. */
  readonly maxLeaseMs?: number;
  /** Told of what the server does for peers. */
  readonly onOwner?: (owner: TieredPeerOwner) => void;
  /** Told of the door before it listens: add handlers of patterns to its strategy here. */
  readonly prepare?: (door: TcpDoor) => void;
  /** False: Nest has not told all handlers yet; `strategy.listen` does. */
  readonly isReady?: boolean;
}

export type TestTcpDoor = TestSocketDoor<TcpDoor>;

/** A TCP door on a free port, over a real engine and a real arena. */
export function createTestTcpDoor(options: TestTcpDoorOptions = {}): Promise<TestTcpDoor> {
  let peers: TieredPeerOwner | undefined;
  const create = ({ limits, ...parts }: SocketDoorParts): TcpDoor => {
    peers = new TieredPeerOwner({
      ...parts,
      ...(options.maxLeaseMs && { maxLeaseMs: options.maxLeaseMs }),
    });
    options.onOwner?.(peers);
    const door = createTcpDoor({
      bootId: randomUUID(),
      ...parts,
      peers,
      limits: { heartbeatMs: 15_000, maxInFlight: 256, tls: undefined, ...limits },
      secret: new DoorSecret(options.token),
    });
    options.prepare?.(door);
    if (options.isReady !== false) door.strategy.listen(() => undefined);
    return door;
  };
  return openSocketDoor(options, create, async () => peers?.close(0));
}
