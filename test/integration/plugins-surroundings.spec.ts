import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { expectEventually } from '../support/eventually.js';
import { PluginWorld } from '../support/plugin-world.js';

const BASH = '#!/usr/bin/env bash\n';

describe('plugin scripts beside a running server', () => {
  it('may print as much as they like: what is too much is dropped, and the doors do not mind', async () => {
    await using world = await PluginWorld.start({
      scripts: { 'flood.sh': `${BASH}exec yes "$(printf 'x%.0s' {1..99})"\n` },
      settings: { plugins: { max_output_per_second: '16KiB' } },
    });
    await expectEventually(
      async () => (await world.metric('kvnest_plugin_dropped_bytes_total{plugin="flood.sh"}')) > 50e6,
      20_000,
    );
    const put = await world.fetch('/v1/objects/a', { method: 'PUT', body: Buffer.alloc(100_000) });
    expect(await put.json()).toMatchObject({ stored: true });
    const bytes = await (await world.fetch('/v1/objects/a')).arrayBuffer();
    expect(bytes.byteLength).toBe(100_000);
    const { droppedBytes, droppedLines, state } = await world.plugin('flood.sh');
    expect(state).toBe('running');
    expect(droppedBytes).toBe(droppedLines * 100);
    expect(await world.metric('kvnest_plugin_dropped_lines_total{plugin="flood.sh"}')).toBeLessThan(
      (await world.metric('kvnest_plugin_dropped_bytes_total{plugin="flood.sh"}')) / 50,
    );
    await world.expectLogged(/\d+ lines of output \(\d+ bytes\) were too much, and dropped/);
    expect(world.server.output.length).toBeLessThan(1e6);
  });

  it('print what cannot hurt a terminal, at the level of a JSON line', async () => {
    await using world = await PluginWorld.start({
      scripts: {
        'odd.sh': `${BASH}printf '\\033[2Jgone\\xff\\n'\nprintf '%0100d\\n' 1\necho '{"level":"error","msg":"loud"}'\nprintf last\n`,
      },
      settings: { plugins: { max_line: 80 } },
    });
    await world.expectState('odd.sh', { state: 'stopped' });
    expect((await world.plugin('odd.sh')).lastLines).toEqual([
      '\\x1b[2Jgone\\xff',
      `${'0'.repeat(80)} … (20 bytes cut)`,
      'loud',
      'last',
    ]);
    expect(world.server.output).toMatch(/ERROR.*odd\.sh\] loud/);
    expect(world.server.output).not.toContain('\u001b[2J');
  });

  it('act as clients at once, with a token that ends with them', async () => {
    const client = `#!/usr/bin/env python3
import os, socket, urllib.parse, urllib.request
env = os.environ
def call(method, path, body=None):
    headers = {"Authorization": "Bearer " + env["KVNEST_TOKEN"]}
    if body is not None:
        headers["Content-Type"] = "application/octet-stream"
    request = urllib.request.Request(env["KVNEST_HTTP_URL"] + path, body, headers, method=method)
    return urllib.request.urlopen(request).read()
call("PUT", "/v1/objects/from-plugin", b"hello")
print("http", call("GET", "/v1/objects/from-plugin").decode())
url = urllib.parse.urlparse(env["KVNEST_RESP_URL"])
with socket.create_connection((url.hostname, url.port)) as resp:
    resp.sendall(f"*2\\r\\n$4\\r\\nAUTH\\r\\n$64\\r\\n{env['KVNEST_TOKEN']}\\r\\n".encode())
    print("resp", resp.recv(100).decode().strip())
with open("token", "w") as file:
    file.write(env["KVNEST_TOKEN"])
`;
    await using world = await PluginWorld.start({
      scripts: { 'client.py': client },
      settings: { auth: { token: 'the token of the server' } },
    });
    await world.expectState('client.py', { state: 'stopped' });
    expect((await world.plugin('client.py')).lastLines).toEqual(['http hello', 'resp +OK']);
    const token = await readFile(join(world.folder, 'token'), 'utf8');
    const late = await world.fetch('/v1/status', { headers: { authorization: `Bearer ${token}` } });
    expect(late.status).toBe(401);
  });

  it('run kvnest itself, as whom they are', async () => {
    const kvnest = `${process.execPath} ${join(import.meta.dirname, '../../bin/kvnest.mjs')}`;
    await using world = await PluginWorld.start({
      scripts: {
        'self.sh': `${BASH}${kvnest} plugins status "$KVNEST_PLUGIN_NAME" 2>&1\n${kvnest} config 2>&1 >/dev/null\n`,
      },
      settings: { auth: { token: 'the token of the server' } },
    });
    await world.expectState('self.sh', { state: 'stopped' });
    const { lastLines } = await world.plugin('self.sh');
    expect(lastLines).toEqual([
      expect.stringMatching(/^PLUGIN/),
      expect.stringMatching(/^self\.sh .* running/),
    ]);
  });

  it('are told a configuration of any size', async () => {
    const program = (variable: string): string => `#!/usr/bin/env python3
import json, os
config = json.loads(os.environ["${variable}"])
if "config_file" in config:
    with open(config["config_file"]) as file:
        config = json.load(file)
print(len(config["runtime_plugin_extra_config"]["text"]), config["kvnest"]["chunkTokens"])
`;
    for (const length of [50_000, 1_000_000]) {
      await using world = await PluginWorld.start({
        scripts: { 'read.py': program('LMCACHE_RUNTIME_PLUGIN_CONFIG') },
        settings: { runtime_plugin_extra_config: { text: 'x'.repeat(length) } },
      });
      await world.expectState('read.py', { state: 'stopped' });
      expect((await world.plugin('read.py')).lastLines).toEqual([`${length} 256`]);
    }
  });

  it('do not run where their configuration cannot be written, until it can, and the server ends as ever', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'kvnest-temporary-'));
    await rm(temporary, { recursive: true });
    await using world = await PluginWorld.start({
      scripts: { 'x.sh': `${BASH}echo "$LMCACHE_PLUGIN_CONFIG"\n` },
      settings: { runtime_plugin_extra_config: { text: 'x'.repeat(200_000) } },
      env: { TMPDIR: temporary },
    });
    await world.expectState('x.sh', { state: 'failed' });
    const first = world.server;
    await world.restart();
    expect(first.output).toMatch(/cannot be written to \S+: ENOENT\. Set TMPDIR/);
    expect(first.output).not.toContain('mkdtemp');
    await world.expectState('x.sh', { state: 'failed' });
    await mkdir(temporary);
    await world.fetch('/v1/plugins/x.sh/start', { method: 'POST' });
    await world.expectState('x.sh', { state: 'stopped' });
    expect((await world.plugin('x.sh')).lastLines).toEqual([expect.stringContaining('config_file')]);
    await rm(temporary, { recursive: true });
  });

  it('leave no file with their configuration when the server is killed', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'kvnest-temporary-'));
    await using world = await PluginWorld.start({
      scripts: {
        // Twice: reading it does not use it up, and whatever it starts may read it, too.
        'x.sh': `${BASH}setsid bash -c 'wc -c < "$KVNEST_PLUGIN_CONFIG_FILE"'; cat "$KVNEST_PLUGIN_CONFIG_FILE" | wc -c
sleep 1000
`,
      },
      settings: { runtime_plugin_extra_config: { text: 'x'.repeat(200_000) } },
      env: { TMPDIR: temporary },
    });
    await expectEventually(async () => (await world.plugin('x.sh')).lastLines.length === 2);
    const { lastLines } = await world.plugin('x.sh');
    expect(lastLines[0]).toMatch(/^4\d{5}$/);
    expect(lastLines[1]).toBe(lastLines[0]);
    await world.server.kill();
    expect(await readdir(temporary)).toEqual([]);
    await rm(temporary, { recursive: true });
  });

  it('do not see the secrets of the server, unless one is passed to them', async () => {
    const print = `${BASH}env -0 > "$(basename "$0").env"\n`;
    await using world = await PluginWorld.start({
      scripts: { 'curious.sh': print, 'trusted.sh': print },
      settings: {
        auth: { token: 'hush-hush-hush' },
        extra_config: { s3_secret_access_key: 'hidden-key-hidden' },
        plugins: { scripts: { 'trusted.sh': { pass_environment: ['GITHUB_TOKEN'] } } },
      },
      env: { GITHUB_TOKEN: 'gh-secret', COPY: 'x=hush-hush-hush', PLAIN: 'plain' },
    });
    await world.expectState('curious.sh', { state: 'stopped' });
    await world.expectState('trusted.sh', { state: 'stopped' });
    const [curious, trusted] = await Promise.all(
      ['curious', 'trusted'].map((name) => readFile(join(world.folder, `${name}.sh.env`), 'utf8')),
    );
    expect(curious).toContain('PLAIN=plain');
    expect(curious).not.toMatch(/hush-hush|hidden-key|gh-secret/);
    expect(trusted).toContain('GITHUB_TOKEN=gh-secret');
    expect(trusted).not.toMatch(/hush-hush|hidden-key/);
  });
});
