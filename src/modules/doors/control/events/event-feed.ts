import { Observable, type Subscriber } from 'rxjs';
import { type EngineEvent, engineEvents, type EngineEventType } from '../../../engine/engine-events.js';
import { type ReplyFlow } from '../../reply-flow.interface.js';
import { Pace } from '../pace.js';
import { type EventJson, eventJson, type LostJson } from './event-json.js';

/** Events that wait for one subscriber; a busy engine makes some hundreds in a turn. */
const MAX_WAITING = 2048;
const MAX_PER_TURN = 256;

export type FeedJson = EventJson | LostJson;

/**
 * The engine's events for one subscriber. One that does not keep up loses events and costs no memory: it is told how many, in
 * their place.
 *
 * @param types none: all.
 */
export function eventFeed(types: readonly EngineEventType[], flow: ReplyFlow): Observable<FeedJson> {
  return new Observable((subscriber) => {
    const feed = new EventFeed(subscriber, flow);
    const events = engineEvents(...types).subscribe((event) => feed.push(event));
    return () => {
      events.unsubscribe();
      feed.close();
    };
  });
}

class EventFeed {
  readonly #waiting: FeedJson[] = [];
  readonly #pace: Pace;

  constructor(
    private readonly subscriber: Subscriber<FeedJson>,
    private readonly flow: ReplyFlow,
  ) {
    this.#pace = new Pace(flow, () => this.#send());
  }

  push(event: EngineEvent): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(eventJson(event));
    else this.#lose();
    this.#pace.start();
  }

  close(): void {
    this.#pace.stop();
  }

  #lose(): void {
    const last = this.#waiting.at(-1);
    if (last?.type === 'lost') this.#waiting.pop();
    this.#waiting.push({ type: 'lost', events: (last?.type === 'lost' ? last.events : 0) + 1 });
  }

  #send(): boolean {
    let sent = 0;
    // Some doors show what was sent at once.
    while (sent < MAX_PER_TURN && !this.flow.isBehind) {
      const event = this.#waiting[sent];
      if (event === undefined) break;
      this.subscriber.next(event);
      sent++;
    }
    this.#waiting.splice(0, sent);
    return this.#waiting.length > 0;
  }
}
