import { basename, extname } from 'node:path';
import { type Findings } from '../findings.js';
import { type ExternalConfig } from '../kvnest-config.interface.js';
import { isTree } from '../layers/mapping-reader.js';
import { readSection } from '../read-section.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { ModuleSettings } from '../settings/module.settings.js';

const IS_PATH = /^(\.{0,2}\/|file:)|\.[cm]?[jt]s$/;

/** The Nest modules that the configuration brings, in the order of their listing. */
export function buildModules(
  { modules }: KvnestSettings,
  searchFrom: readonly string[],
  findings: Findings,
): readonly ExternalConfig[] {
  const found = modules.flatMap((given, index) => {
    const module = readModule(given, `modules[${index}]`, findings);
    return module === undefined ? [] : [{ ...module, searchFrom }];
  });
  for (const [index, { name, key }] of found.entries()) {
    const first = found.findIndex((other) => other.name === name);
    if (first !== index) {
      const place = key.replace(/module_path$/, 'name');
      findings.problem(place, `two would be called "${name}"; give each a name of its own`);
    }
  }
  return found;
}

function readModule(
  given: unknown,
  path: string,
  findings: Findings,
): Omit<ExternalConfig, 'searchFrom'> | undefined {
  const mapping = typeof given === 'string' ? { module_path: given } : given;
  if (!isTree(mapping)) {
    findings.problem(
      path,
      'must be the name of a package, the path of a file, or a mapping with module_path',
    );
    return undefined;
  }
  const { section, problems } = readSection(ModuleSettings, path, mapping);
  for (const problem of problems) findings.problem(problem.path, problem.message);
  if (problems.length > 0) return undefined;
  const { module_path: modulePath, class_name: className, options } = section;
  const name = section.name ?? className ?? defaultName(modulePath);
  return { kind: 'module', name, modulePath, className, key: `${path}.module_path`, options };
}

/** Packages by their names, files by theirs: `./audit.mjs` is `audit`. */
function defaultName(modulePath: string): string {
  return IS_PATH.test(modulePath) ? basename(modulePath, extname(modulePath)) : modulePath;
}
