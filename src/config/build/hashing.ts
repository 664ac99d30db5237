import { type Findings } from '../findings.js';
import { type KvnestConfig } from '../kvnest-config.interface.js';
import { suggestion } from '../nearest-name.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';

type Hashing = Pick<KvnestConfig, 'keyFormat' | 'hashAlgorithm'>;

/** LMCache's names; those of its in-process mode that are no portable function of the tokens are not computed. */
const PORTABLE: Readonly<Record<string, Hashing>> = {
  blake3: { keyFormat: 'object', hashAlgorithm: 'blake3' },
  sha256_cbor: { keyFormat: 'engine', hashAlgorithm: 'sha256_cbor' },
};
const NOT_PORTABLE = ['builtin', 'sha256', 'sha256_cbor_64bit', 'xxhash', 'xxhash_cbor'];

/** How keys are made from tokens: kvnest's own settings, else what LMCache's one stands for, else the defaults. */
export function buildHashing(settings: KvnestSettings, findings: Findings): Hashing {
  const wanted = lmcacheHashing(settings.pre_caching_hash_algorithm, findings);
  const keyFormat = settings.key_format ?? wanted?.keyFormat ?? 'object';
  const fallback = keyFormat === 'engine' ? 'sha256_cbor' : 'blake3';
  const fromLmcache = settings.key_format === undefined ? wanted?.hashAlgorithm : undefined;
  const hashAlgorithm = settings.hash_algorithm ?? fromLmcache ?? fallback;
  if (keyFormat === 'engine' && hashAlgorithm === 'blake3') {
    findings.problem(
      'hash_algorithm',
      'blake3 makes keys of format object; for key_format engine use sha256_cbor',
    );
  }
  return { keyFormat, hashAlgorithm };
}

function lmcacheHashing(name: string | undefined, findings: Findings): Hashing | undefined {
  if (name === undefined || Object.hasOwn(PORTABLE, name)) return PORTABLE[name ?? ''];
  if (NOT_PORTABLE.includes(name)) {
    findings.warn(
      `pre_caching_hash_algorithm ${name} cannot be computed here: clients that bring keys do not notice, ` +
        'requests by tokens use the default (see key_format and hash_algorithm)',
    );
  } else {
    const known = [...Object.keys(PORTABLE), ...NOT_PORTABLE];
    findings.problem('pre_caching_hash_algorithm', `"${name}" is unknown${suggestion(name, known)}`);
  }
  return undefined;
}
