import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { readKeyList } from '../../../../protocols/kvnest-tcp/key-list.js';
import {
  encodeLocateAnswer,
  type LocateAnswer,
  NO_LEASE,
  readLeases,
} from '../../../../protocols/kvnest-tcp/locate.js';
import { encodeSummaryAnswer, readSummaryQuestion } from '../../../../protocols/kvnest-tcp/summary.js';
import { type TcpRequest } from '../tcp-request.js';
import { chunkKey } from './chunk-keys.js';
import { type PatternContext, type PatternHandler } from './pattern.interface.js';

/** Where chunks lie, which are held there for a while. */
export const locatePattern: PatternHandler = (request, header, _, context) => {
  const { namespace, option, keys } = readKeyList(Buffer.from(header));
  const chunks = keys.map((key) => chunkKey(key, namespace));
  const { knowsLoss } = context.client;
  Promise.resolve(context.peers.locate(chunks, { leaseMs: option, knowsLoss }, request)).then(
    (answer) => tellPlaces(request, answer, context),
    (error: unknown) => request.fail(error),
  );
  return undefined;
};

/** Nobody could give back a lease that is never told. */
function tellPlaces(request: TcpRequest, answer: LocateAnswer, { peers }: PatternContext): void {
  if (!request.ended) request.reply(encodeLocateAnswer(answer), { end: true });
  else if (answer.lease !== NO_LEASE) peers.release([answer.lease]);
}

export const releasePattern: PatternHandler = (request, header, _, { peers }) => {
  const leases = readLeases(header);
  if (leases.length === 0) throw frameError('a release of no lease');
  request.reply(Uint8Array.from(peers.release(leases), Number), { end: true });
  return undefined;
};

/** Some megabytes wait for their turn as chunks do. One question too many that would wait is answered at once. */
export const summaryPattern: PatternHandler = (request, header, _, { peers, announcements }) => {
  const { waitMs, ...since } = readSummaryQuestion(header);
  const waits = waitMs > 0 && announcements.tryTake();
  Promise.resolve(peers.summary(since, waits ? waitMs : 0, request))
    .finally(() => {
      if (waits) announcements.giveBack();
    })
    .then(
      (answer) => request.whenRoom(() => request.reply(encodeSummaryAnswer(answer), { end: true })),
      (error: unknown) => request.fail(error),
    );
  return undefined;
};
