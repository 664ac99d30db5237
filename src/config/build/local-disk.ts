const FILE_SCHEME = 'file://';

/** The directories that LMCache's `local_disk` names: a path or a `file://` URI, or several of them with commas. */
export function diskDirectories(localDisk: string): readonly string[] {
  return localDisk
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => (part.startsWith(FILE_SCHEME) ? part.slice(FILE_SCHEME.length) : part));
}
