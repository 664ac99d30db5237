import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type StartNixlOptions } from '../../src/backends/nixl/agent/start-nixl-agent.js';
import { expectEventually } from '../support/eventually.js';
import { letTimePass } from '../support/let-time-pass.js';
import { bareAgentCode, runBareAgent } from '../support/nixl/bare-agent.js';
import { BACKEND, FakeNixl, IN_PROGRESS, missingForFakeNixl } from '../support/nixl/fake-nixl.js';
import { AgentWithRegion } from '../support/nixl/nixl-agents.js';
import { describeWithPeer } from '../support/peer.js';

const SUPPORT = join(import.meta.dirname, '../support');
const BRIEF_MS = 20;
/** Says what the agent says, and stays. */
const WORKER = "console.log = (text) => require('node:worker_threads').parentPort.postMessage(text);";

// A double of the library: the real one cannot be brought to most of these states at will.
describeWithPeer(missingForFakeNixl())('Starting NIXL', () => {
  let nixl: FakeNixl;
  beforeAll(() => {
    nixl = new FakeNixl();
  });
  afterAll(() => nixl[Symbol.dispose]());
  beforeEach(() => nixl.reset());

  const unavailable = async (library: string, options: Partial<StartNixlOptions> = {}): Promise<string> => {
    const error = await AgentWithRegion.start(library, options).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error).toMatchObject({ code: 'KV_NIXL_UNAVAILABLE', kind: 'unavailable' });
    return error?.message ?? '';
  };

  it('says why a library is of no use, in the words of the loader', async () => {
    expect(await unavailable('/nonexistent/libnixl_capi.so')).toMatch(
      /\/nonexistent\/libnixl_capi\.so: cannot open shared object file[^]*\/nonexistent\/libnixl_common\.so[^]*libnixl\.so/,
    );
    using lame = new FakeNixl({ without: ['post_xfer_req', 'register_mem'] });
    expect(await unavailable(lame.path)).toContain(
      'it lacks nixl_capi_register_mem, nixl_capi_post_xfer_req',
    );
  });

  it('refuses a stub', async () => {
    nixl.answer('is_stub', 1);
    expect(await unavailable(nixl.path)).toContain('a stub');
  });

  it.each(['create_configured_agent', 'get_plugin_params', 'create_backend', 'register_mem'] as const)(
    'says that %s failed, and leaves nothing behind',
    async (call) => {
      nixl.answer(call, BACKEND);
      expect(await unavailable(nixl.path)).toContain(`${call}: BACKEND`);
      const calls = nixl.log().map((line) => line.split(' ')[0]);
      expect(calls.includes('destroy_agent')).toBe(call !== 'create_configured_agent');
    },
  );

  it('does not wait for ever', async () => {
    nixl.hold('create_backend');
    const reason = await letTimePass(
      () => unavailable(nixl.path, { startTimeoutMs: BRIEF_MS }),
      () => nixl.log().includes('create_backend UCX'),
      BRIEF_MS,
    );
    expect(reason).toContain('create_backend has not returned');
    nixl.free('create_backend');
    await expectEventually(() => nixl.log().includes('destroy_agent'));
  });

  it('preloads the siblings of a library that does not find them itself', async () => {
    using lost = new FakeNixl({ sibling: true });
    await using started = await AgentWithRegion.start(lost.path);
    expect(started.agent.health().up).toBe(true);
  });

  it.each(['by itself', 'process.exit(3)', 'close'] as const)(
    'does not keep a process from ending: %s',
    (end) => {
      const { status, signal, stdout } = runBareAgent(nixl.path, end);
      expect([status, signal, stdout]).toEqual([end === 'process.exit(3)' ? 3 : 0, null, 'starting\nup\n']);
      expect(nixl.log().at(-1)).toBe('destroy_agent');
    },
  );

  it('keeps a process from ending while somebody waits for a read, and no longer', () => {
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        '--import',
        join(SUPPORT, 'typescript-hooks.mjs'),
        join(SUPPORT, 'nixl/lone-reader-main.ts'),
        nixl.path,
      ],
      { encoding: 'utf8' },
    );
    expect([status, stdout]).toEqual([0, 'timeout\n']);
  });

  it('ends with the thread of JavaScript that started it', async () => {
    for (const message of ['starting', 'up']) {
      const worker = new Worker(bareAgentCode(nixl.path, 'by itself', WORKER), { eval: true });
      while (((await once(worker, 'message')) as [string])[0] !== message);
      await worker.terminate();
      expect(nixl.log().at(-1)).toBe('destroy_agent');
    }
  });

  it('ends a process although the library hangs', () => {
    nixl.hold('destroy_agent');
    const { status, stdout } = runBareAgent(nixl.path, 'process.exit(5)');
    expect([status, stdout]).toEqual([5, 'starting\nup\n']);
  });

  it('sets the environment of UCX before the library is loaded, where it is unset', () => {
    runBareAgent(nixl.path, 'close', { UCX_MODULES: '^ib' });
    expect(nixl.log()[0]).toBe(
      'loaded UCX_MEM_MMAP_HOOK_MODE=none UCX_HANDLE_ERRORS=none UCX_DEBUG_SIGNO=0 UCX_MODULES=^ib',
    );
  });
});
