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
