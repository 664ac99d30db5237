#!/usr/bin/env node
// Brings the chunks of a list of prompts into the fastest tier: run once when the server has started, so that the first
// users after a restart do not wait for the disk. Only on worker 0, for its name says so.
//
//     runtime_plugin_extra_config:
//       warm:
//         prompts: /etc/kvnest/prompts.jsonl     # one prefix a line: {"model": "…", "tokens": [1, 2, …]}
//
// Each line is a body of POST /v1/prefix/retrieve, so all its fields may stand there (docs/http-api.md).
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

const { KVNEST_HTTP_URL, KVNEST_TOKEN, LMCACHE_RUNTIME_PLUGIN_CONFIG = '{}' } = process.env;
const { runtime_plugin_extra_config: settings = {} } = JSON.parse(LMCACHE_RUNTIME_PLUGIN_CONFIG);
const file = settings.warm?.prompts;

/** Reads a prefix and forgets the bytes: what is read from a slower tier is kept in the faster ones. */
async function warm(line) {
  const response = await fetch(`${KVNEST_HTTP_URL}/v1/prefix/retrieve`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(KVNEST_TOKEN === undefined ? {} : { authorization: `Bearer ${KVNEST_TOKEN}` }),
    },
    body: line,
  });
  let bytes = 0;
  for await (const piece of response.body) bytes += piece.length;
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return bytes;
}

if (file === undefined) {
  console.log('nothing to warm: runtime_plugin_extra_config.warm.prompts is not set');
} else {
  let prompts = 0;
  let failed = 0;
  let bytes = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.trim() === '') continue;
    try {
      bytes += await warm(line);
      prompts++;
    } catch (error) {
      failed++;
      console.error(`prompt ${prompts + failed}: ${error.message}`);
    }
    console.log(`kvnest:notify STATUS=${prompts} prompts, ${failed} failed`);
  }
  console.log(JSON.stringify({ level: 'info', msg: 'warm', prompts, failed, bytes }));
}
