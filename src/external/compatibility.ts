import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { satisfies, validRange } from 'semver';
import { PACKAGE_VERSION } from '../common/package-version.js';
import { type ExternalConfig } from '../config/kvnest-config.interface.js';
import { externalVersion } from './external-errors.js';
import { type FoundExport } from './find-export.js';
import { type ImportedModule } from './import-external.js';

interface Claim {
  readonly range: unknown;
  readonly origin: string;
  /** What is no range is a mistake here; package managers have other notations for theirs. */
  readonly isStrict: boolean;
}

/**
 * Checks the versions of kvnest that an extension says it works with: `compatibility` of the class or of the module,
 * and `peerDependencies.kvnest` of its package.
 *
 * @throws KV_EXTERNAL_VERSION
 */
export function checkCompatibility(
  external: ExternalConfig,
  imported: ImportedModule,
  found: FoundExport,
): void {
  for (const { range, origin, isStrict } of claimsOf(imported, found)) {
    if (range === undefined) continue;
    if (typeof range !== 'string' || validRange(range) === null) {
      if (!isStrict) continue;
      throw externalVersion(
        external,
        `${origin} is ${JSON.stringify(range)}, which is no range of versions`,
        `Write one such as "^${PACKAGE_VERSION}".`,
      );
    }
    if (satisfies(PACKAGE_VERSION, range, { includePrerelease: true })) continue;
    throw externalVersion(
      external,
      `${imported.file} works with kvnest ${range} (${origin}), and this is ${PACKAGE_VERSION}`,
      'Install a version of the extension for this kvnest, or a kvnest of that range.',
    );
  }
}

function claimsOf({ namespace, file }: ImportedModule, { label, exported }: FoundExport): readonly Claim[] {
  const manifest = nearestManifest(dirname(file));
  return [
    { range: compatibilityOf(exported), origin: `${label}.compatibility`, isStrict: true },
    { range: compatibilityOf(namespace), origin: 'its export compatibility', isStrict: true },
    { range: compatibilityOf(namespace['default']), origin: 'its export compatibility', isStrict: true },
    { range: peerRange(manifest), origin: `peerDependencies in ${manifest ?? ''}`, isStrict: false },
  ];
}

function compatibilityOf(holder: unknown): unknown {
  const canHold = (typeof holder === 'object' && holder !== null) || typeof holder === 'function';
  return canHold && 'compatibility' in holder ? holder.compatibility : undefined;
}

function nearestManifest(folder: string): string | undefined {
  const manifest = join(folder, 'package.json');
  if (existsSync(manifest)) return manifest;
  return dirname(folder) === folder ? undefined : nearestManifest(dirname(folder));
}

function peerRange(manifest: string | undefined): unknown {
  if (manifest === undefined) return undefined;
  try {
    const { peerDependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      readonly peerDependencies?: Readonly<Record<string, unknown>>;
    };
    return peerDependencies?.['kvnest'];
  } catch {
    return undefined;
  }
}
