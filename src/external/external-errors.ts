import { isKvError, KvError } from '../common/errors/kv-error.js';
import { type ExternalConfig } from '../config/kvnest-config.interface.js';

/** Where docs and templates are, for remedies. */
const GUIDE = 'docs/extending.md';

const MISSING = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);
const NOT_STRIPPED = new Set([
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
]);

/** What its author can start from. */
const TEMPLATES = {
  backend: 'the template examples/external-backend',
  connector: 'the template examples/external-connector',
  module: 'the example of a module',
} as const satisfies Record<ExternalConfig['kind'], string>;

/** The module is nowhere. @param tried one place each. */
export function externalNotFound(
  external: ExternalConfig,
  tried: readonly string[],
  nearest: string,
): KvError {
  return refusal(
    'KV_EXTERNAL_NOT_FOUND',
    external,
    `"${external.modulePath}" is not there${nearest}; tried ${tried.join(', ')}`,
    {
      remedy: `Install the package beside the configuration, or write the path of a file, absolute or from ${external.searchFrom[0] ?? process.cwd()}.`,
    },
  );
}

/** The path is one of LMCache's, in Python. */
export function externalIsPython(external: ExternalConfig): KvError {
  return refusal(
    'KV_EXTERNAL_PYTHON',
    external,
    `"${external.modulePath}" is a module of Python, and extensions of kvnest are written in TypeScript or JavaScript`,
    {
      remedy: `Write it anew, starting from ${TEMPLATES[external.kind]} (${GUIDE}), and name its package or file here.`,
    },
  );
}

/** The module was found and could not be imported. */
export function externalImportFailed(external: ExternalConfig, file: string, cause: unknown): KvError {
  return refusal('KV_EXTERNAL_IMPORT', external, `${file} cannot be imported: ${importFailure(cause)}`, {
    remedy: importRemedy(cause, file),
    cause,
  });
}

export function externalNeedsNewerNode(external: ExternalConfig): KvError {
  return refusal('KV_EXTERNAL_IMPORT', external, `Node ${process.versions.node} cannot load code of users`, {
    remedy: 'Use Node 22.15 or newer.',
  });
}

/** The export is not there, or nothing that can be used. */
export function externalClass(external: ExternalConfig, file: string, what: string, remedy: string): KvError {
  return refusal('KV_EXTERNAL_CLASS', external, `${file} ${what}`, { remedy });
}

/** The instance lacks parts of its contract. @param missing one each. */
export function externalMethods(
  external: ExternalConfig,
  what: string,
  contract: string,
  missing: readonly string[],
): KvError {
  return refusal('KV_EXTERNAL_METHODS', external, `${what} is no ${contract}: ${missing.join('; ')}`, {
    remedy: `See ${GUIDE} and ${TEMPLATES[external.kind]}; the contract suite of kvnest/testing checks the rest.`,
    details: { missing },
  });
}

/** What makes the extension threw. */
export function externalConstructor(external: ExternalConfig, what: string, cause: unknown): KvError {
  return refusal('KV_EXTERNAL_CONSTRUCTOR', external, `${what} cannot be made: ${messageOf(cause)}`, {
    remedy:
      (isKvError(cause) ? cause.remedy : undefined) ??
      'Look at its options in the configuration; --debug shows the stack.',
    cause,
  });
}

/** The extension was made for other versions of kvnest. */
export function externalVersion(external: ExternalConfig, what: string, remedy: string): KvError {
  return refusal('KV_EXTERNAL_VERSION', external, what, { remedy });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function refusal(
  code: `KV_EXTERNAL_${string}`,
  { key }: ExternalConfig,
  message: string,
  options: {
    readonly remedy: string;
    readonly cause?: unknown;
    readonly details?: Readonly<Record<string, unknown>>;
  },
): KvError {
  return new KvError(code, `${key}: ${message}`, { kind: 'config', ...options });
}

/** Node's message; for a syntax error with the place, where the stack has it. */
function importFailure(cause: unknown): string {
  const message = messageOf(cause);
  const [place = ''] = (cause instanceof SyntaxError ? cause.stack : undefined)?.split('\n', 1) ?? [];
  return /^(file:|\/).*:\d+$/.test(place) ? `${message} (${place})` : message;
}

function importRemedy(cause: unknown, file: string): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (MISSING.has(code)) return 'Install what it imports, in its own folder.';
  if (NOT_STRIPPED.has(code)) {
    return 'Node only strips types, and not below node_modules: build it first, and name the JavaScript.';
  }
  if (cause instanceof SyntaxError) return `Mend it; node --check ${file} shows the place.`;
  return 'Mend it; --debug shows the stack.';
}
