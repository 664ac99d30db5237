/** A trace of sessions that go on, in Mooncake's format: a tenth of the requests begins one, the others continue one of the latest. */
export function sessions(requests) {
  let state = 42;
  const below = (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const open = [];
  let next = 1;
  const lines = Array.from({ length: requests }, (_, request) => {
    const isNew = open.length < 40 || below(10) === 0;
    const history = isNew ? [0] : open[below(open.length)];
    if (isNew) open.push(history);
    if (open.length > 80) open.shift();
    for (let blocks = 2 + below(12); blocks > 0; blocks--) history.push(next++);
    // Ten at a time, every three seconds.
    const timestamp = 3_000 * Math.floor(request / 10);
    return { timestamp, input_length: 512 * history.length, output_length: 1, hash_ids: [...history] };
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
