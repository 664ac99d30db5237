/** What a door tells about itself, for the status page and the metrics. */
export interface DoorStatus {
  readonly name: string;
  /** `host:port` while it listens. */
  readonly address: string | undefined;
  readonly connections: number;
  /** Monotonic counters, by name: `requests`, `errors`, … */
  readonly counters: Readonly<Record<string, number>>;
}

export interface Door {
  doorStatus(): DoorStatus;
}

/** The doors of this server. A door adds itself when its module starts. */
export class DoorRegistry {
  readonly #doors = new Set<Door>();

  /** @returns how to take it out again. */
  add(door: Door): () => void {
    this.#doors.add(door);
    return () => this.#doors.delete(door);
  }

  status(): readonly DoorStatus[] {
    return Array.from(this.#doors, (door) => door.doorStatus());
  }
}

export const DOOR_REGISTRY = Symbol.for('kvnest:DoorRegistry');
