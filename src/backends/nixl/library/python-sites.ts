import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const PRINT_SITES = `
import site, sys
folders = list(site.getsitepackages()) if hasattr(site, 'getsitepackages') else []
print('\\n'.join(folders + [site.getusersitepackages()]))
`;
const TIMEOUT_MS = 5000;

/** @returns the folders in which `python3` looks for packages, none where there is no Python. */
export async function pythonSites(environment: NodeJS.ProcessEnv): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)('python3', ['-c', PRINT_SITES], {
      env: environment,
      timeout: TIMEOUT_MS,
    });
    return stdout.split('\n').filter((line) => line.startsWith('/'));
  } catch {
    return [];
  }
}
