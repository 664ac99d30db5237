import dns from 'node:dns';
import { DOMAIN } from './s3-server.js';

/** Runs a test in an environment that has nothing of AWS's but these variables. */
export async function inAwsEnvironment(
  variables: Readonly<Record<string, string>>,
  test: () => Promise<void>,
): Promise<void> {
  const before = { ...process.env };
  for (const name of Object.keys(before))
    if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name);
  const nowhere = { AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent' };
  Object.assign(process.env, nowhere, { AWS_EC2_METADATA_DISABLED: 'true' }, variables);
  try {
    await test();
  } finally {
    for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before);
  }
}

/** Runs a test where the hosts of the test domain are this one: stands in for a name server. */
export async function inDomain(test: () => Promise<void>): Promise<void> {
  const { lookup } = dns;
  const local = (...args: readonly unknown[]): void => {
    const [host, options, done] = args as [string, dns.LookupOptions, (...answer: unknown[]) => void];
    if (!host.endsWith(DOMAIN)) Reflect.apply(lookup, dns, args);
    else if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
    else done(null, '127.0.0.1', 4);
  };
  Object.assign(dns, { lookup: local });
  try {
    await test();
  } finally {
    Object.assign(dns, { lookup });
  }
}
