import { loadNative } from '../../../src/arena/native/load-native.js';
import { openNativeRegion } from '../../../src/arena/native/native-region.js';
import { type Region } from '../../../src/arena/region.interface.js';
import { type NixlAgent, type NixlBlock } from '../../../src/backends/nixl/agent/nixl-agent.interface.js';
import { startNixlAgent, type StartNixlOptions } from '../../../src/backends/nixl/agent/start-nixl-agent.js';

const REGION_BYTES = 4 * 1024 * 1024;

/** An agent over a region of its own. */
export class AgentWithRegion implements AsyncDisposable {
  private constructor(
    readonly agent: NixlAgent,
    readonly region: Region,
  ) {}

  static async start(
    library: string,
    options: Partial<StartNixlOptions> = {},
    regionBytes = REGION_BYTES,
  ): Promise<AgentWithRegion> {
    const region = openNativeRegion(loadNative().addon!, regionBytes);
    const environment = { NIXL_CAPI_PATH: library };
    try {
      return new AgentWithRegion(
        await startNixlAgent({ region: region.buffer, environment, ...options }),
        region,
      );
    } catch (error) {
      region.close();
      throw error;
    }
  }

  get bytes(): Buffer {
    return Buffer.from(this.region.buffer);
  }

  /** What another agent reads of these bytes, into the same place of its own region. */
  block(offset: number, lengthBytes: number, localOffset = offset): NixlBlock {
    return { localOffset, lengthBytes, remoteAddress: this.agent.regionAddress + BigInt(offset) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.close();
    this.region.close();
  }
}
