import { suggestion } from '../nearest-name.js';

interface LmcacheStore {
  readonly store: string;
  /** What to do, after "kvnest does not speak to it". */
  readonly instead?: string;
}

/** Schemes of LMCache, and of its branches, that need more words than "unknown". */
const LMCACHE_STORES: Readonly<Record<string, LmcacheStore>> = {
  'sagemaker-hyperpod': { store: 'the cache daemon of SageMaker HyperPod' },
  eic: { store: 'Volcano Engine’s Elastic Instant Cache' },
  azure: { store: 'Azure Blob Storage' },
  gcs: { store: 'Google Cloud Storage', instead: 'its endpoint for S3 clients works with s3://' },
  bigtable: { store: 'Bigtable' },
  couchbase: { store: 'Couchbase' },
  couchbases: { store: 'Couchbase' },
  hf3fs: { store: '3FS', instead: 'mount it and use fs://' },
  hfbucket: { store: 'buckets of Hugging Face' },
  shmfile: { store: 'LMCache’s files in shared memory', instead: 'the memory tier takes their place' },
  's3-rdma': { store: 'S3 over RDMA', instead: 's3:// goes over TCP' },
  'cuobj+s3': { store: 'S3 over RDMA', instead: 's3:// goes over TCP' },
  mock: { store: 'LMCache’s simulated store', instead: 'blackhole:// and loopback:// serve for tests' },
  benchmark: { store: 'LMCache’s simulated store', instead: 'blackhole:// and loopback:// serve for tests' },
  plugin: {
    store: 'LMCache’s own name of a plugin',
    instead: 'list the plugin in remote_storage_plugins',
  },
};

export function isStoreOfLmcache(scheme: string): boolean {
  return Object.hasOwn(LMCACHE_STORES, scheme);
}

/** Says of a scheme that nothing understands why that is so, or which one was meant. */
export function describeUnknownScheme(scheme: string, known: readonly string[]): string {
  const lmcache = isStoreOfLmcache(scheme) ? LMCACHE_STORES[scheme] : undefined;
  if (lmcache === undefined) {
    const near = suggestion(scheme, known);
    return `no connector understands ${scheme}://${near === '' ? `; there are ${known.join(', ')}` : near}`;
  }
  const { store, instead } = lmcache;
  return `${scheme}:// is ${store}, which kvnest does not speak to${instead === undefined ? '' : `; ${instead}`}`;
}
