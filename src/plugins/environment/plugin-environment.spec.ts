import { execFileSync } from 'node:child_process';
import { stat, readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../config/load-config.js';
import { type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { type SelectedScript } from '../plugin-script.interface.js';
import { configSecrets } from './config-secrets.js';
import { writeConfigText } from './config-text.js';
import { doorAddresses } from './door-addresses.js';
import { inheritedEnvironment } from './inherited-environment.js';
import { pluginConfig } from './plugin-config.js';
import { pluginEnvironment } from './plugin-environment.js';

const YAML = `
chunk_size: 64
max_local_cpu_size: 0.5
local_disk: file:///var/chunks
max_local_disk_size: 2
remote_url: redis://user:ses%40me@cache:6379
extra_config: {s3_secret_access_key: hidden-key, plain: 7, pin_password: 48151623, hook: 'https://host/?api_key=in-a-url'}
auth: {token: hush-hush-hush}
worker_id: 1
worker_count: 4
runtime_plugin_extra_config: {slack_token: theirs, port: 9}
`;

function configOf(yaml: string): KvnestConfig {
  return loadConfig({ argv: ['--config', 'k.yaml'], env: {}, readFile: () => yaml }).config;
}

const config = configOf(YAML);
const doors = doorAddresses(
  [
    { name: 'http', address: '0.0.0.0:8080', connections: 0, counters: {} },
    { name: 'resp', address: '[::]:6380', connections: 0, counters: {} },
    { name: 'lm', address: undefined, connections: 0, counters: {} },
    { name: 'tcp', address: '0.0.0.0:7070', connections: 0, counters: {} },
  ],
  config.doors,
);
const script: SelectedScript = {
  name: 'tools/worker_1.sh',
  path: '/p/tools/worker_1.sh',
  role: 'worker',
  workerId: 1,
  command: ['bash', '/p/tools/worker_1.sh'],
  runsAs: 'worker',
  policy: config.plugins.defaults,
};

describe('the configuration for plugins', () => {
  const told = pluginConfig(config, doors);

  it('has what plugins of LMCache read, by its names', () => {
    expect(told).toMatchObject({
      chunk_size: 64,
      local_cpu: true,
      max_local_cpu_size: 0.5,
      local_disk: '/var/chunks',
      max_local_disk_size: 2,
      remote_url: 'redis://***@cache:6379',
      remote_serde: 'naive',
      save_unfull_chunk: false,
      pin_timeout_sec: 300,
      extra_config: { s3_secret_access_key: '***', plain: 7 },
      http_config: { http_host: '127.0.0.1', http_port: 8080 },
      runtime_plugin_extra_config: { slack_token: 'theirs', port: 9 },
    });
  });

  it('has the whole configuration of kvnest, secrets hidden', () => {
    expect(told['kvnest']).toMatchObject({ chunkTokens: 64, auth: { token: '***' } });
    expect(JSON.stringify(told)).not.toMatch(/hush|ses.{1,3}me|hidden-key|48151623|in-a-url/);
  });

  it('does without what is not there', () => {
    const bare = pluginConfig(
      configOf('tiers: [{type: memory, capacity: 1GiB}]'),
      doorAddresses([], config.doors),
    );
    expect(bare).toMatchObject({ local_disk: null, max_local_disk_size: 0, remote_url: null });
    expect(bare).not.toHaveProperty('http_config');
  });
});

describe('the environment of a plugin', () => {
  it('names the TCP door by the scheme that says whether it speaks TLS', () => {
    const { doors: secure } = configOf('doors: {tcp: {tls_cert: c.pem, tls_key: k.pem}}');
    const at = [{ name: 'tcp', address: '[::]:7070', connections: 0, counters: {} }];
    expect(doorAddresses(at, secure).tcp?.href).toBe('kvnests://[::1]:7070');
    expect(doorAddresses(at, config.doors).tcp?.href).toBe('kvnest://[::1]:7070');
  });

  it('tells role, worker and configuration by both names, where the doors are and a token', async () => {
    const text = await writeConfigText({ a: 1 });
    const env = pluginEnvironment(script, config.plugins, {
      inherited: { HOME: '/home', KVNEST_LM_URL: 'lm://another', PYTHONUNBUFFERED: '' },
      config: text,
      doors,
      token: 'issued',
    });
    const told = { ROLE: 'worker', CONFIG: '{"a":1}', WORKER_ID: '1', WORKER_COUNT: '4' };
    const both = ['LMCACHE_PLUGIN_', 'LMCACHE_RUNTIME_PLUGIN_'].flatMap((prefix) =>
      Object.entries({ ...told, EXTRA_CONFIG: '{"slack_token":"theirs","port":9}' }).map(([name, value]) => [
        prefix + name,
        value,
      ]),
    );
    expect(env).toEqual({
      ...Object.fromEntries(both),
      HOME: '/home',
      PYTHONUNBUFFERED: '1',
      KVNEST_PLUGIN_NAME: 'tools/worker_1.sh',
      KVNEST_HTTP_URL: 'http://127.0.0.1:8080',
      KVNEST_RESP_URL: 'redis://[::1]:6380',
      KVNEST_TCP_URL: 'kvnest://127.0.0.1:7070',
      KVNEST_TOKEN: 'issued',
    });
  });

  it('holds the longest configuration that is no file, by its longer name', async () => {
    let longest = '';
    for (let kib = 100; kib < 160; kib++) {
      const written = await writeConfigText({ padding: 'x'.repeat(kib * 1024) });
      await written.remove();
      if (written.file === undefined) longest = written.text;
    }
    const env = { LMCACHE_RUNTIME_PLUGIN_CONFIG: longest };
    expect(
      execFileSync('/bin/sh', ['-c', 'echo ${#LMCACHE_RUNTIME_PLUGIN_CONFIG}'], { env }).toString(),
    ).toBe(`${longest.length}\n`);
  });

  it('names a file of its user alone for a configuration that no variable can hold', async () => {
    const large = { huge: 'x'.repeat(200_000) };
    const text = await writeConfigText(large);
    const surroundings = { inherited: {}, config: text, doors, token: undefined };
    const env = pluginEnvironment(script, config.plugins, surroundings);
    const file = env['KVNEST_PLUGIN_CONFIG_FILE'] ?? '';
    expect(JSON.parse(env['LMCACHE_PLUGIN_CONFIG'] ?? '')).toEqual({ config_file: file });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(large);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await text.remove();
    await expect(stat(file)).rejects.toThrow('ENOENT');
    expect(env).not.toHaveProperty('KVNEST_TOKEN');
  });
});

describe('the variables of the server', () => {
  const secrets = configSecrets(config);

  it('holds the secrets of the configuration, and not those that are for plugins', () => {
    expect(secrets).toEqual(expect.arrayContaining(['hush-hush-hush', 'ses@me', 'ses%40me', 'hidden-key']));
    expect(secrets).toEqual(expect.arrayContaining(['48151623', 'in-a-url']));
    expect(secrets).not.toContain('theirs');
  });

  it('go on but for those that hold a secret, by name, value or within JSON', () => {
    const plain = {
      PATH: '/bin',
      HOME: '/root',
      LANG: 'C',
      TOKENS_PER_CHUNK: '256',
      NOTES: '{"a":1}',
      PWD: '/srv',
      OLDPWD: '/',
      SSH_AUTH_SOCK: '/run/agent',
      KEYBOARD: 'us',
      REPOSITORY: 'git@host:a/b.git',
      PS1: '\\u@\\h:\\w$ ',
    };
    const secret = {
      KVNEST_AUTH_TOKEN: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
      PGPASSWORD: 'x',
      REDIS_URL: 'redis://:pw@host',
      WEBHOOK: 'https://host/?api_key=1',
      SETTINGS: ' {"deep":[{"password":"x"}]}',
      COPY: 'hush-hush-hush',
      FLAGS: '--token=hush-hush-hush -v',
      SHORT: 'ses@me',
      DB_PASS: 'x',
      MYSQL_PWD: 'x',
      REDISCLI_AUTH: 'x',
      GPG_PASSPHRASE: 'x',
      SIGNING_KEY: 'x',
      STORE: 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=x',
      DATABASE: 'user:x@tcp(host)/db',
      HEADERS: 'Authorization: Basic eA==',
      CERTIFICATE: '-----BEGIN RSA PRIVATE KEY-----\nx',
    };
    expect(inheritedEnvironment({ ...plain, ...secret, GONE: undefined }, secrets, [])).toEqual(plain);
    expect(inheritedEnvironment(secret, secrets, ['KVNEST_AUTH_TOKEN', 'COPY'])).toEqual({
      KVNEST_AUTH_TOKEN: 'x',
      COPY: 'hush-hush-hush',
    });
  });

  it('are not lost to a short secret that they hold by chance', () => {
    expect(inheritedEnvironment({ A: '/opt/kv/bin', B: 'kv' }, ['kv'], [])).toEqual({ A: '/opt/kv/bin' });
  });
});
