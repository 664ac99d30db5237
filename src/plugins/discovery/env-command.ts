/** What `#!/usr/bin/env …` asks for. */
interface EnvCommand {
  /** Options and assignments, which only env itself can carry out. */
  readonly settings: readonly string[];
  /** The program and its arguments. */
  readonly words: readonly string[];
  /** The PATH that is assigned to the program. */
  readonly path: string | undefined;
}

const SPLIT = /^(-[0iv]*)S\s*|^--split-string(?:=|\s+)/;
const WORD = /(?:[^\s'"]|'[^']*'|"[^"]*")+/g;
const QUOTED = /'([^']*)'|"([^"]*)"/g;
const SETTING = /^(-|[A-Za-z_]\w*=)/;
/** Options whose argument is the next word. */
const WITH_ARGUMENT = /^(-[uCPa]|--unset|--chdir|--argv0)$/;

/** Whether a quote has no end: env says so itself, and runs nothing. */
export function hasOpenQuote(text: string): boolean {
  return /['"]/.test(text.replace(QUOTED, ''));
}

/**
 * Takes the arguments of env apart. They are always split, as with `-S`, which may be left out: the kernel would hand them
 * over as one word, and no program is called that.
 */
export function parseEnvCommand(text: string): EnvCommand {
  const rest = text.replace(SPLIT, (_, options = '-') => (options === '-' ? '' : `${String(options)} `));
  const words = Array.from(rest.matchAll(WORD), ([word]) => word.replace(QUOTED, '$1$2'));
  const isSetting = (word: string, index: number): boolean =>
    SETTING.test(word) || WITH_ARGUMENT.test(words[index - 1] ?? '');
  const start = words.findIndex((word, index) => !isSetting(word, index));
  const settings = start === -1 ? words : words.slice(0, start);
  const path = settings.findLast((setting) => setting.startsWith('PATH='))?.slice('PATH='.length);
  return { settings, words: words.slice(settings.length), path };
}
