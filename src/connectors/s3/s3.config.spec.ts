import { describe, expect, it } from '@jest/globals';
import { parseConnectorUrl } from '../connector-url.js';
import { readS3Options, type S3Options } from './s3.config.js';

function read(
  text: string,
  options: Readonly<Record<string, unknown>> = {},
  extraConfig: Readonly<Record<string, unknown>> = {},
): S3Options {
  return readS3Options({ tier: 'far', url: parseConnectorUrl(text), options, extraConfig });
}

describe('options of s3://', () => {
  it('have defaults', () => {
    expect(read('s3://kv')).toEqual({ tls: true, max_sockets: 32, max_name_bytes: 1024, layout: 'sealed' });
  });

  it("are LMCache's, too", () => {
    const lmcache = {
      s3_region: 'eu-west-1',
      s3_num_io_threads: 320,
      s3_prefer_http2: true,
      s3_enable_s3express: false,
      s3_addressing_style: 'path',
      s3_bucket: 'kv',
      s3_file_prefix: 'test-2',
      s3_ca_bundle: '/ca.pem',
      disable_tls: true,
      aws_access_key_id: 'key',
      aws_secret_access_key: 'secret',
      aws_session_token: 'token',
    };
    const own = {
      region: 'eu-west-1',
      max_sockets: 320,
      path_style: true,
      bucket: 'kv',
      prefix: 'test-2',
      tls_ca: '/ca.pem',
      tls: false,
      access_key_id: 'key',
      secret_access_key: 'secret',
      session_token: 'token',
    };
    expect(read('s3://', lmcache)).toMatchObject(own);
    expect(read('s3://', {}, { ...lmcache, save_chunk_meta: false, s3_breaker_cooldown: 5 })).toMatchObject(
      own,
    );
    expect(read('s3://', { disable_tls: 'false', s3_addressing_style: 'virtual' })).toMatchObject({
      tls: true,
      path_style: false,
    });
  });

  it('of the URL win over those of the tier, which win over extra_config', () => {
    const options = { region: 'tier', s3_num_io_threads: 2 };
    const extra = { s3_region: 'extra', s3_num_io_threads: 3, s3_bucket: 'extra' };
    expect(read('s3://kv?region=url', options, extra)).toMatchObject({
      region: 'url',
      max_sockets: 2,
      bucket: 'extra',
    });
  });

  it('may be in the place of user and password', () => {
    expect(read('s3://key:sec%2Fret@kv', { access_key_id: 'other' })).toMatchObject({
      access_key_id: 'key',
      secret_access_key: 'sec/ret',
    });
  });

  it.each([
    ['s3://kv?layuot=sealed', /options\.layuot: .*did you mean layout/],
    ['s3://kv?s3_addressing_style=virtul', /options\.path_style: must be true or false/],
    ['s3://kv?max_sockets=0', /options\.max_sockets/],
    ['s3://kv?access_key_id=a', /secret_access_key/],
    ['s3://kv?secret_access_key=a', /access_key_id/],
    ['s3://kv?session_token=a', /access_key_id/],
  ])('are refused in %s', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
