import { type Findings } from '../findings.js';
import { EXTERNAL_SCHEME, parseExternalUrl } from './external-url.js';
import { type TierContext } from './tier-context.js';
import { describeUnknownScheme } from './unknown-scheme.js';

const SCHEME = /^([a-z][a-z0-9+._-]*):\/\//i;

/** Whether a connector understands this URL, as far as one can know before its code is loaded. */
export function isKnownScheme(url: string, context: TierContext): boolean {
  const scheme = schemeOf(url);
  if (scheme === undefined || context.schemes === undefined || scheme === EXTERNAL_SCHEME) return true;
  return context.schemes.includes(scheme) || byScheme(context).includes(scheme);
}

/** Reports a URL that no connector understands. @param path of the setting. */
export function reportScheme(path: string, url: string, context: TierContext, findings: Findings): void {
  const scheme = schemeOf(url);
  if (scheme === undefined) {
    findings.problem(path, 'has no scheme: write a URL such as redis://host:6379');
  } else if (scheme === EXTERNAL_SCHEME) {
    if (parseExternalUrl(url)?.modulePath === '') {
      findings.problem(path, 'names no module: write external://host:0/module/?connector_name=Class');
    }
  } else if (!isKnownScheme(url, context) && !context.externals.isOpen) {
    const known = [...(context.schemes ?? []), ...byScheme(context)];
    findings.problem(path, describeUnknownScheme(scheme, known));
  }
}

function byScheme({ externals }: TierContext): readonly string[] {
  return externals.connectors.map(({ name }) => name.toLowerCase());
}

export function schemeOf(url: string): string | undefined {
  return SCHEME.exec(url.trim())?.[1]?.toLowerCase();
}
