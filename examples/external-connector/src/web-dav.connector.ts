import {
  type CallOptions,
  type ConnectorContext,
  type PlainCapabilities,
  type PlainConnector,
  type PlainListPage,
  remoteFailed,
  remoteRefused,
} from 'kvnest';

/** Names of files may have 255 bytes, and base64 makes four of three. */
const MAX_NAME_BYTES = 186;

/** Chunks as files on a web server that takes PUT and DELETE: nginx, Apache, Caddy, any WebDAV server. */
export class WebDavConnector implements PlainConnector {
  readonly capabilities: Partial<PlainCapabilities> = { persistent: true, maxKeyBytes: MAX_NAME_BYTES };
  readonly #folder: string;

  /** @param context what kvnest made of `webdav://host:port/folder`; `?tls=true` speaks HTTPS. */
  constructor({ url }: Pick<ConnectorContext, 'url'>) {
    const [host] = url.hosts;
    if (host === undefined) throw new Error('write webdav://host:port/folder');
    const scheme = url.parameters.get('tls') === 'true' ? 'https' : 'http';
    const port = host.port === undefined ? '' : `:${host.port}`;
    this.#folder = `${scheme}://${host.host}${port}${url.path.replace(/\/?$/, '/')}`;
  }

  async ping(options?: CallOptions): Promise<void> {
    await this.#fetch('GET', '', options);
  }

  async exists(name: string, options?: CallOptions): Promise<boolean> {
    const { status } = await this.#fetch('HEAD', fileOf(name), options);
    return status !== 404;
  }

  async get(name: string, options?: CallOptions): Promise<Uint8Array | undefined> {
    const response = await this.#fetch('GET', fileOf(name), options);
    return response.status === 404 ? undefined : response.bytes();
  }

  async put(name: string, value: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#fetch('PUT', fileOf(name), options, value as Uint8Array<ArrayBuffer>);
  }

  async remove(name: string, options?: CallOptions): Promise<boolean> {
    const { status } = await this.#fetch('DELETE', fileOf(name), options);
    return status !== 404;
  }

  /** The cursor is the last file of the page before. */
  async list(cursor: string, count: number, options?: CallOptions): Promise<PlainListPage> {
    const response = await this.#fetch('GET', '', options);
    const entries = (await response.json()) as readonly { readonly name: string; readonly type: string }[];
    const files = entries.filter(({ type }) => type === 'file').map(({ name }) => name);
    const rest = files.sort().filter((file) => file > cursor);
    const page = rest.slice(0, count);
    return { names: page.map(nameOf), cursor: rest.length > page.length ? (page.at(-1) ?? '') : '' };
  }

  async #fetch(
    method: string,
    file: string,
    options: CallOptions | undefined,
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<Response> {
    const signal = options?.signal ?? null;
    const response = await fetch(this.#folder + file, { method, signal, ...(body && { body }) });
    const { status, statusText } = response;
    if (response.ok || (status === 404 && file !== '' && method !== 'PUT')) return response;
    await response.body?.cancel();
    if (status === 401 || status === 403) throw remoteRefused(this.#folder, `${status} ${statusText}`);
    throw remoteFailed(this.#folder, `${method}: ${status} ${statusText}`, { retryable: status >= 500 });
  }
}

/** A name may hold slashes and dots that mean something in a path. */
function fileOf(name: string): string {
  return Buffer.from(name, 'utf8').toString('base64url');
}

function nameOf(file: string): string {
  return Buffer.from(file, 'base64url').toString('utf8');
}
