/** How the client of a message keeps up with what it is sent. */
export interface ReplyFlow {
  /** Whether so much waits for the client that what comes next must wait, too, or be lost. */
  readonly isBehind: boolean;
}

/** What doors tell handlers of messages in their context, `@Ctx()`. */
export interface FlowContext {
  readonly replyFlow: ReplyFlow;
}

/** @returns that of the door; of a door that tells nothing, one that is never behind. */
export function replyFlowOf(context: unknown): ReplyFlow {
  const { replyFlow } = (context ?? {}) as Partial<FlowContext>;
  return replyFlow ?? { isBehind: false };
}
