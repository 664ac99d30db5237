import { plainToInstance } from 'class-transformer';
import { type ValidationError } from 'class-validator';
import { validateSync } from '../common/validation.js';
import { type Findings } from './findings.js';
import { applyAssignments } from './layers/apply-assignments.js';
import { type Assignment } from './layers/assignment.js';
import { isSecretName, redact } from './redact-config.js';
import { KvnestSettings } from './settings/kvnest.settings.js';

/**
 * Turns assignments, weakest first, into settings with defaults. What is wrong is reported and left at its default,
 * so that checks across settings can still run on the rest; a tier with a mistake becomes undefined.
 */
export function validateSettings(assignments: readonly Assignment[], findings: Findings): KvnestSettings {
  const settings = plainToInstance(KvnestSettings, applyAssignments(assignments));
  const wrong = validateSync(settings, { forbidUnknownValues: false }).flatMap((error) => flatten(error, ''));
  if (wrong.length === 0) return settings;
  for (const { path, message } of wrong) findings.problem(path, message, originOf(path, assignments));
  const sound = assignments.filter((given) => !wrong.some(({ path }) => isAtOrBelow(path, given.path)));
  const repaired = plainToInstance(KvnestSettings, applyAssignments(sound));
  if (Array.isArray(settings.tiers)) {
    repaired.tiers = settings.tiers.map((tier, index) =>
      wrong.some(({ path }) => isAtOrBelow(path, `tiers[${index}]`)) ? undefined : tier,
    );
  }
  return repaired;
}

function flatten(error: ValidationError, parent: string): { path: string; message: string }[] {
  const path = joinPath(parent, error.property);
  const below = (error.children ?? []).flatMap((child) => flatten(child, path));
  if (error.constraints === undefined) return below;
  const rule = error.constraints['setting'] ?? Object.values(error.constraints)[0] ?? 'is not valid';
  return [{ path, message: `${describe(path, error.value)} ${rule}` }, ...below];
}

function joinPath(parent: string, property: string): string {
  if (parent === '') return property;
  return /^\d+$/.test(property) ? `${parent}[${property}]` : `${parent}.${property}`;
}

function describe(path: string, value: unknown): string {
  if (value === undefined) return 'is missing and';
  if (isSecretName(path)) return 'the value';
  const text = JSON.stringify(redact(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function isAtOrBelow(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}.`) || path.startsWith(`${ancestor}[`);
}

/** The source that had the last word about a setting. */
function originOf(path: string, assignments: readonly Assignment[]): string | undefined {
  return assignments.findLast((given) => isAtOrBelow(path, given.path))?.origin;
}
