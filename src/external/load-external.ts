import { type ExternalConfig } from '../config/kvnest-config.interface.js';
import { checkCompatibility } from './compatibility.js';
import { findExport, type FoundExport } from './find-export.js';
import { importExternal, type ModuleNamespace } from './import-external.js';

/** Code of users, imported and not yet constructed. */
export interface LoadedExternal extends FoundExport {
  readonly external: ExternalConfig;
  readonly namespace: ModuleNamespace;
  /** Path of the file that was imported. */
  readonly file: string;
  /** `Mine of /path/mine.mjs`, for messages. */
  readonly description: string;
}

/** Imports one extension and finds what it is made from. @throws KV_EXTERNAL_… */
export async function loadExternal(external: ExternalConfig): Promise<LoadedExternal> {
  const imported = await importExternal(external);
  const found = findExport(external, imported);
  checkCompatibility(external, imported, found);
  const description = `${found.label} of ${imported.file}`;
  return { ...found, ...imported, external, description };
}
