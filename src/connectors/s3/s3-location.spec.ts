import { describe, expect, it } from '@jest/globals';
import { parseConnectorUrl } from '../connector-url.js';
import { locateBucket, type S3Location } from './s3-location.js';

const amazon = { endpoint: undefined, region: undefined, pathStyle: false };
const elsewhere = { region: undefined, pathStyle: true };

function locate(text: string, options: Partial<Parameters<typeof locateBucket>[1]> = {}): S3Location {
  return locateBucket(parseConnectorUrl(text), { tls: true, ...options });
}

describe('where the objects are', () => {
  it.each([
    ['s3://kv', {}, { bucket: 'kv', prefix: '', ...amazon }],
    [
      's3://kv/a/b/',
      { region: 'eu-west-1' },
      { bucket: 'kv', prefix: 'a/b/', ...amazon, region: 'eu-west-1' },
    ],
    ['s3://kv/a', { prefix: '/c/' }, { bucket: 'kv', prefix: 'c/', ...amazon }],
    ['s3://my.kv', { bucket: 'my.kv' }, { bucket: 'my.kv', prefix: '', ...amazon }],
    ['s3://', { bucket: 'kv' }, { bucket: 'kv', prefix: '', ...amazon }],
    ['s3://kv', { path_style: true }, { bucket: 'kv', prefix: '', ...amazon, pathStyle: true }],
  ])("Amazon's: %s with %j", (text, options, location) => {
    expect(locate(text, options)).toEqual(location);
  });

  it.each([
    ['s3://kv', { endpoint: 'http://h:9000' }, 'kv', 'http://h:9000'],
    ['s3://my.kv', { endpoint: 'http://h:9000/' }, 'my.kv', 'http://h:9000'],
    ['s3://kv', { endpoint: 'h:9000' }, 'kv', 'https://h:9000'],
    ['s3://kv', { endpoint: 'h:9000', tls: false }, 'kv', 'http://h:9000'],
    ['s3://h:9000', { bucket: 'kv', tls: false }, 'kv', 'http://h:9000'],
    ['s3://[::1]:9000', { bucket: 'kv' }, 'kv', 'https://[::1]:9000'],
    ['s3://kv', { bucket: 'kv', endpoint: 'http://h' }, 'kv', 'http://h'],
  ])('a service with an endpoint: %s with %j', (text, options, bucket, endpoint) => {
    expect(locate(text, options)).toEqual({ bucket, endpoint, prefix: '', ...elsewhere });
  });

  it.each([
    ['s3://kv.minio.local:9000', 'kv', 'https://minio.local:9000'],
    ['s3://kv.localhost', 'kv', 'https://localhost'],
    ['s3://kv.s3.eu-west-1.amazonaws.com', 'kv', 'https://s3.eu-west-1.amazonaws.com'],
    ['s3://my.kv.s3.eu-west-1.amazonaws.com', 'my.kv', 'https://s3.eu-west-1.amazonaws.com'],
    [
      's3://kv--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com',
      'kv--use1-az4--x-s3',
      'https://s3express-use1-az4.us-east-1.amazonaws.com',
    ],
  ])("LMCache's form: %s", (text, bucket, endpoint) => {
    expect(locate(text)).toEqual({ bucket, endpoint, prefix: '', ...elsewhere, pathStyle: false });
  });

  it.each([
    ['s3://a,b', {}],
    ['s3://', {}],
    ['s3://', { endpoint: 'http://h' }],
    ['s3://minio:9000', {}],
    ['s3://kv:9000', { endpoint: 'http://h' }],
    ['s3://kv', { endpoint: 'http://' }],
    ['s3://other', { bucket: 'kv', endpoint: 'http://h' }],
  ])('is not to be read from %s with %j', (text, options) => {
    expect(() => locate(text, options)).toThrow(expect.objectContaining({ code: 'KV_CONFIG_INVALID' }));
  });
});
