import { expect, it } from '@jest/globals';
import { loadConfig } from './load-config.js';
import { redactConfig, redactUrl } from './redact-config.js';

it.each([
  ['redis://u:p@ss@h:6379/1', 'redis://***@h:6379/1'],
  ['redis://:p/ss@h', 'redis://***@h'],
  ['redis://u:p?a=b@h', 'redis://***@h'],
  ['redis://token@h1,h2', 'redis://***@h1,h2'],
  ['s3://bucket/a@b?region=c', 's3://bucket/a@b?region=c'],
  ['fs:///srv/a@b', 'fs:///srv/a@b'],
])('shows %s as %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});

it('hides tokens, passwords the user part of URLs and their secret parameters, and nothing else', () => {
  const yaml = `
auth: {token: hush}
extra_config: {redis_password: hush, smtp_pass: hush, key_passphrase: hush, bypass: open, aws_secret_access_key: hush, endpoints: ["s3://id:hush@host/b?region=r&secret_access_key=hush&access_key_id=hush&x=%20"], chunk_tokens: 7}
tiers: [{type: memory, capacity: 1GiB, options: {api_key: hush, tokenizer: plain}}]`;
  const { config } = loadConfig({ argv: ['--config', 'x'], env: {}, readFile: () => yaml });
  const redacted = redactConfig(config);
  expect(JSON.stringify(redacted)).not.toContain('hush');
  expect(redacted).toMatchObject({
    chunkTokens: 256,
    auth: { token: '***' },
    extraConfig: {
      endpoints: ['s3://***@host/b?region=r&secret_access_key=***&access_key_id=***&x=%20'],
      chunk_tokens: 7,
      bypass: 'open',
    },
    tiers: [{ options: { tokenizer: 'plain' } }],
  });
  expect(config.auth.token).toBe('hush');
});
