import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MediumBackend } from 'kvnest';
import { describeStorageBackendContract } from 'kvnest/testing';
import { LevelMedium } from '../dist/index.js';

const folders = new WeakMap();

function open(folder, context) {
  const backend = new MediumBackend({
    ...context,
    name: 'level',
    type: 'level',
    medium: new LevelMedium(folder),
    logger: console,
  });
  folders.set(backend, folder);
  return backend;
}

describeStorageBackendContract('LevelDB', {
  capabilities: {
    persistent: true,
    shared: false,
    zeroCopy: false,
    scan: true,
    expiry: true,
    metadata: 'any',
    accounted: true,
    encodings: true,
  },
  create: async (context) => open(await mkdtemp(join(tmpdir(), 'kvnest-level-')), context),
  reopen: (closed, context) => open(folders.get(closed), context),
  destroy: (backend) => rm(folders.get(backend), { recursive: true, force: true }),
});
