/** Also those that turn the text of a log around. */
const CONTROL = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;
const BACKUP = /~$|^#.*#$|\.(bak|backup|old|orig|rej|save|sw[a-p]|tmp|part|dpkg-\w+|rpm(save|new|orig))$/i;
const SET_ASIDE = /\.(disabled|off|sample|example|dist)$/i;
const COMPILED = /\.(py[cod]|class|o|so|a)$|\.d\.[cm]?ts$/i;
const DIRECTORIES = new Set(['node_modules', '__pycache__']);

export function hasControls(text: string): boolean {
  return CONTROL.test(text);
}

/** Why a file in a directory of plugins is none, by its name alone; undefined where it may be one. */
export function whyNoPlugin(fileName: string): string | undefined {
  if (hasControls(fileName)) return 'has control characters in its name';
  if (fileName.startsWith('.')) return 'is hidden';
  if (BACKUP.test(fileName)) return 'is a backup or a temporary file';
  if (SET_ASIDE.test(fileName)) return 'is set aside by its extension';
  if (COMPILED.test(fileName)) return 'is compiled, or a declaration';
  if (fileName.startsWith('_')) return 'begins with _, as modules of other scripts do';
  return undefined;
}

/** The same for a directory. */
export function whyNotEntered(directoryName: string): string | undefined {
  if (hasControls(directoryName)) return 'has control characters in its name';
  if (directoryName.startsWith('.')) return 'is hidden';
  return DIRECTORIES.has(directoryName) ? 'holds packages of scripts, not plugins' : undefined;
}
