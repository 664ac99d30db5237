export interface MoveRequest {
  /** Name of the tier that chunks are brought to. */
  readonly to: string;
  /** Name of the tier that they are taken from; default: every other one of this server. */
  readonly from?: string;
  /** Leave them where they are, too. */
  readonly copy?: boolean;
}

/** `done`, or `cancelled` with the server. */
export type MoveState = 'moving' | 'done' | 'cancelled';

/** How far a move is; each number of chunks. */
export interface MoveProgress {
  readonly state: MoveState;
  readonly total: number;
  readonly moved: number;
  /** Were there already. */
  readonly there: number;
  /** In no tier that they may be taken from. */
  readonly missing: number;
  /** Written meanwhile, or not taken; these stay where they were. */
  readonly kept: number;
}
