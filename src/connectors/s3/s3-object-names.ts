import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { formatStoreKey, parseStoreKey } from '../../protocols/store-key/store-key.js';
import { type S3LayoutName } from './s3.config.js';

interface NameForm {
  format(name: string): string;
  /** @returns undefined for a name that `format` never gives. */
  parse(name: string): string | undefined;
}

/** The characters of LMCache's keys that are safe in an object name stay readable. */
const READABLE = new Map([
  ['%40', '@'],
  ['%3A', ':'],
]);

/** No slashes, so that no name is a folder of another; no dots alone; ASCII only. */
const ESCAPED: NameForm = {
  format(name) {
    if (/^\.+$/.test(name)) return name.replaceAll('.', '%2E');
    return encodeURIComponent(name).replaceAll(/%40|%3A/g, (escape) => READABLE.get(escape) ?? escape);
  },
  parse(name) {
    try {
      const decoded = decodeURIComponent(name);
      return ESCAPED.format(decoded) === name ? decoded : undefined;
    } catch {
      return undefined;
    }
  },
};

/** What services refuse or change on the way, and what looks like an escaped name. */
const UNSAFE = /%|(^|\/)\.*(\/|$)/;

/** LMCache's names: the key as it is, but for what no service would take. */
const VERBATIM: NameForm = {
  format: (name) => (UNSAFE.test(name) ? ESCAPED.format(name) : name),
  parse: (name) => (UNSAFE.test(name) ? ESCAPED.parse(name) : name),
};

const FORMS: Readonly<Record<S3LayoutName, NameForm>> = {
  sealed: ESCAPED,
  /** As LMCache's `s3://` connector. The slash is lost, so no key can be read from such a name. */
  lmcache: { format: (name) => VERBATIM.format(name).replaceAll('/', '_'), parse: () => undefined },
  /** As the `s3` adapter of LMCache's multiprocess server. */
  'lmcache-mp': VERBATIM,
};

/** Names of objects for keys of chunks, and back. */
export class S3ObjectNames {
  readonly #form: NameForm;

  constructor(
    /** As in `S3Location`. */
    readonly prefix: string,
    layout: S3LayoutName,
    readonly maxNameBytes: number,
  ) {
    this.#form = FORMS[layout];
  }

  /** @returns undefined where the name is too long. */
  format(key: ChunkKey): string | undefined {
    const name = this.prefix + this.#form.format(formatStoreKey(key));
    return Buffer.byteLength(name) <= this.maxNameBytes ? name : undefined;
  }

  /** @returns undefined for an object that is no chunk. */
  parse(objectName: string): ChunkKey | undefined {
    if (!objectName.startsWith(this.prefix)) return undefined;
    const name = this.#form.parse(objectName.slice(this.prefix.length));
    return name === undefined ? undefined : parseStoreKey(name);
  }
}
