import { describe, expect, it } from '@jest/globals';
import { errorOf } from '../../../test/contracts/backend/backend-world.js';
import { type UrlParts } from '../../../test/support/connector-from-url.js';
import { RemoteWorld } from '../../../test/support/remote-world.js';
import { type ConnectorCapabilities } from '../remote-connector.interface.js';

const MIB = 1024 * 1024;

async function capabilitiesOf(url: string, parts?: UrlParts): Promise<ConnectorCapabilities> {
  const world = await RemoteWorld.create(url, parts);
  const { capabilities } = world.connector;
  await world.close();
  return capabilities;
}

describe('infinistore://', () => {
  it.each([
    'infinistore://host:12345',
    'infinistore://host',
    'infinistore://[::1]:12345/',
    'infinistore://host:12345?device=mlx5_0',
    'INFINISTORE://host:12345?manage_port=18080&connections=2',
  ])("is LMCache's URL, and more: %s", async (url) => {
    const extraConfig = { infinistore_link_type: 'LINK_IB' };
    expect(await capabilitiesOf(url, { extraConfig })).toMatchObject({
      metadata: 'lmcache',
      checksum: false,
    });
  });

  it.each([
    ['', 'infinistore://'],
    ['no cluster', 'infinistore://a:1,b:2'],
    ['no path', 'infinistore://a:1/path'],
    ['no user', 'infinistore://u:p@a:1'],
    ['an option that it does not know', 'infinistore://a:1?colour=red'],
    ['a layout that it does not know', 'infinistore://a:1?layout=other'],
    ['more than its lengths can say', 'infinistore://a:1?max_value=2GiB'],
  ])('says what is wrong: %s', async (_, url) => {
    expect(await errorOf(() => RemoteWorld.create(url))).toMatchObject({ code: 'KV_CONFIG_INVALID' });
  });

  it('takes what LMCache can read, or as much as the protocol can say', async () => {
    const limits = async (url: string): Promise<number> => (await capabilitiesOf(url)).maxValueBytes;
    expect(await limits('infinistore://a')).toBe(40 * MIB - 28);
    expect(await limits('infinistore://a?max_value=64MiB')).toBe(64 * MIB - 28);
    expect(await limits('infinistore://a?layout=sealed')).toBe(2 ** 31 - 1 - 65_536);
    expect(await limits('infinistore://a?layout=sealed&max_value=8MiB')).toBe(8 * MIB - 65_536);
  });
});
