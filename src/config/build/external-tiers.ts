import { type Findings } from '../findings.js';
import { type ExternalConfig, type TierConfig } from '../kvnest-config.interface.js';
import { parseByteSize } from '../schema/byte-size.js';
import { type TierContext } from './tier-context.js';

/** One tier for each backend that users bring, in the order of their listing. */
export function externalTiers(
  { externals }: TierContext,
  policy: string,
  findings: Findings,
): readonly TierConfig[] {
  return externals.backends.map((external) => ({
    name: external.name,
    type: external.name,
    capacityBytes: capacityOption(external, findings),
    policy,
    options: {},
  }));
}

/** The option `capacity` of a backend; 0 when it has none. */
export function capacityOption({ options, key }: ExternalConfig, findings: Findings): number {
  const { capacity } = options;
  if (capacity === undefined) return 0;
  const bytes = parseByteSize(capacity);
  if (bytes === undefined) {
    findings.problem(
      key.replace(/module_path$/, 'capacity'),
      'must be a size such as 64MiB or a number of bytes',
    );
  }
  return bytes ?? 0;
}
