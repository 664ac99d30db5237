import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { MAX_PIN_MS } from '../../control/objects/objects.dto.js';
import { lookupJson } from '../../control/prefix/prefix-answers.js';
import { type PatternHandler } from './pattern.interface.js';
import { readPrefixHeader } from './prefix-header.js';
import { TokensBody } from './tokens-body.js';

export const lookupPattern: PatternHandler = (request, header, bodyBytes, { engine, maxJsonBytes }) => {
  const { identity, tokenBytes, fields } = readPrefixHeader(header, maxJsonBytes);
  if (bodyBytes !== tokenBytes) throw frameError(`a body of ${bodyBytes} bytes for ${tokenBytes} of tokens`);
  const pinMs = fields.integer('pin_ms', 1, MAX_PIN_MS);
  return new TokensBody(request, tokenBytes, 0, (tokens) => {
    fields.check();
    const found = engine.lookup({ ...identity, tokens }, pinMs === undefined ? {} : { pinMs });
    Promise.resolve(found).then(
      (result) => request.replyJson(lookupJson(result), { end: true }),
      (error: unknown) => request.fail(error),
    );
    return undefined;
  });
};
