import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { RecordingLogger } from '../../../test/support/recording-logger.js';
import { parseConnectorUrl } from '../connector-url.js';
import { type MooncakeSettings, readMooncakeSettings } from './mooncake-settings.js';

const folder = mkdtempSync(join(tmpdir(), 'kvnest-mooncake-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly extraConfig?: Readonly<Record<string, unknown>>;
  /** What is in the file of MOONCAKE_CONFIG_PATH. */
  readonly file?: string;
}

function read(
  url: string,
  { options = {}, extraConfig = {}, file }: Given = {},
  recorded = new RecordingLogger(),
): MooncakeSettings {
  const path = join(folder, 'mooncake.json');
  if (file !== undefined) writeFileSync(path, file);
  const logger = {
    debug: () => undefined,
    log: (message: string) => recorded.log(message),
    warn: (message: string) => recorded.warn(message),
    error: (message: string) => recorded.error(message),
  };
  const target = { tier: 'far', url: parseConnectorUrl(url), options, extraConfig, logger };
  return readMooncakeSettings(target, file === undefined ? '' : path);
}

describe('mooncakestore://', () => {
  it.each([
    ['mooncakestore://h', ['h:50051']],
    ['mooncakestore://h:1/', ['h:1']],
    ['mooncakestore://h1:1,h2,[::1]:3', ['h1:1', 'h2:50051', '::1:3']],
  ])('names masters: %s', (url, masters) => {
    expect(read(url).masters.map(({ host, port }) => `${host}:${port}`)).toEqual(masters);
  });

  it.each([
    ['names no master', 'mooncakestore://', {}],
    ['names more than masters', 'mooncakestore://h/path', {}],
    ['names more than masters', 'mooncakestore://u:p@h', {}],
    ['protocol', 'mooncakestore://h?protocol=rdma', {}],
    ['protocol', 'mooncakestore://h', { extraConfig: { protocol: 'rdma' } }],
    ['metadata_server', 'mooncakestore://h?metadata_server=etcd://h:2379', {}],
    ['layout', 'mooncakestore://h?layout=other', {}],
    ['colour', 'mooncakestore://h?colour=red', {}],
    ['MOONCAKE_CONFIG_PATH', 'mooncakestore://h', { file: '{' }],
    ['MOONCAKE_CONFIG_PATH', 'mooncakestore://h', { file: '[]' }],
  ])('says what is wrong: %s', (what, url, given) => {
    expect(() => read(url, given)).toThrow(
      expect.objectContaining({ code: 'KV_CONFIG_INVALID', message: expect.stringContaining(what) }),
    );
  });
});

describe("LMCache's configuration", () => {
  const extraConfig = {
    local_hostname: 'me',
    global_segment_size: 3_355_443_200,
    local_buffer_size: 1_073_741_824,
    device_name: '',
    metadata_server: 'http://m:8080/metadata',
    master_server_address: 'lm:1',
    protocol: 'tcp',
    transfer_timeout: 2.5,
    mooncake_prefer_local_alloc: true,
    save_chunk_meta: false,
    another_stores: 1,
  };
  const expected = {
    metadata_server: 'http://m:8080/metadata',
    transfer_timeout: 2.5,
    save_chunk_meta: false,
    layout: 'lmcache',
  };

  it('is accepted in extra_config, and names the master where the URL does not', () => {
    expect(read('mooncakestore://', { extraConfig })).toMatchObject({
      masters: [{ host: 'lm', port: 1 }],
      options: expected,
    });
    expect(read('mooncakestore://h:2', { extraConfig }).masters).toEqual([{ host: 'h', port: 2 }]);
  });

  it.each([
    ['mooncakestore://h:2', 1],
    ['mooncakestore://lm', 1],
    ['mooncakestore://LM:1', 0],
    ['mooncakestore://', 0],
  ])('is warned of where it names another master than the URL: %s', (url, warnings) => {
    const logger = new RecordingLogger();
    read(url, { extraConfig }, logger);
    expect(logger.lines.map(({ level }) => level)).toEqual(Array(warnings).fill('warn'));
  });

  it.each(['h2,h1:50051', ' h1:50051, h2:50051'])(
    'may name the masters of the URL in its own way: %s',
    (named) => {
      const logger = new RecordingLogger();
      read('mooncakestore://h1,h2', { extraConfig: { master_server_address: named } }, logger);
      expect(logger.lines).toEqual([]);
    },
  );

  it('wins with the prefix over its older names', () => {
    const both = {
      ...extraConfig,
      mooncake_master_server_addr: 'new:2',
      mooncake_metadata_server: 'P2PHANDSHAKE',
    };
    expect(read('mooncakestore://', { extraConfig: both })).toMatchObject({
      masters: [{ host: 'new', port: 2 }],
      options: { metadata_server: 'P2PHANDSHAKE' },
    });
  });

  it('is read from the file of MOONCAKE_CONFIG_PATH, which extra_config does not add to', () => {
    const file = JSON.stringify({ master_server_address: 'f1:1,f2:2', tenant_id: 't' });
    const { masters, options } = read('mooncakestore://', { extraConfig, file });
    expect(masters.map(({ host }) => host)).toEqual(['f1', 'f2']);
    expect(options).toMatchObject({
      tenant_id: 't',
      metadata_server: 'P2PHANDSHAKE',
      save_chunk_meta: false,
    });
  });

  it('loses against options of the tier, and these against the URL', () => {
    const given = { extraConfig, options: { transfer_timeout: 3, metadata_server: 'https://o/m' } };
    expect(read('mooncakestore://h?transfer_timeout=4', given).options).toMatchObject({
      transfer_timeout: 4,
      metadata_server: 'https://o/m',
      save_chunk_meta: false,
    });
  });
});

describe("Mooncake's own library", () => {
  const code = { code: 'KV_CONFIG_INVALID' };

  it('is needed for RDMA, and only used when it is asked for', () => {
    expect(read('mooncakestore://h').options).toMatchObject({ engine: 'wire', protocol: 'tcp' });
    expect(() => read('mooncakestore://h?protocol=rdma')).toThrow(
      expect.objectContaining({ ...code, remedy: expect.stringContaining('engine: native') }),
    );
    expect(read('mooncakestore://h?protocol=rdma&engine=native').options).toMatchObject({ protocol: 'rdma' });
  });

  it('takes one master, and no tenant', () => {
    const native = 'engine=native';
    expect(() => read(`mooncakestore://a,b?${native}`)).toThrow(expect.objectContaining(code));
    expect(() => read(`mooncakestore://a?${native}&tenant_id=t`)).toThrow(expect.objectContaining(code));
    expect(() => read(`mooncakestore://a?${native}&tenant_id=default`)).not.toThrow();
  });

  it('is told the device that LMCache is told, if it is told one', () => {
    const deviceOf = (extraConfig: Given['extraConfig']): unknown =>
      read('mooncakestore://h?engine=native', { extraConfig: extraConfig ?? {} }).options.device_name;
    expect(deviceOf({ device_name: '' })).toBeUndefined();
    expect(deviceOf({ device_name: 'mlx5_0' })).toBe('mlx5_0');
    expect(deviceOf({ device_name: '', mooncake_rdma_devices: 'mlx5_1' })).toBe('mlx5_1');
  });
});
