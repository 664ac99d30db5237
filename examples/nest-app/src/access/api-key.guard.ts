import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  Logger,
  UnauthorizedException,
} from '@nestjs/common';
import { settings } from '../settings.js';
import { type TenantRequest } from './tenant.decorator.js';

const EVERYBODY = 'everybody';
const ENTRY = /^([\w.-]{1,64}):([^\s:]+)$/;

/** Lets in who has a key of `API_KEYS`, as `Authorization: Bearer KEY`, and remembers whose it is. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  readonly #tenants = readKeys(settings.apiKeys);

  constructor() {
    if (this.#tenants.size === 0) new Logger(ApiKeyGuard.name).warn('API_KEYS is empty: everybody may ask');
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<TenantRequest>();
    const [, key = ''] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const tenant = this.#tenants.size === 0 ? EVERYBODY : this.#tenants.get(key);
    if (tenant === undefined) throw new UnauthorizedException('Send Authorization: Bearer, with your key');
    request.tenant = tenant;
    return true;
  }
}

/** @returns tenants by their keys. */
function readKeys(list: string): ReadonlyMap<string, string> {
  const entries = list.split(',').filter((entry) => entry.trim() !== '');
  return new Map(
    entries.map((entry) => {
      const [, tenant, key] = ENTRY.exec(entry.trim()) ?? [];
      if (tenant === undefined || key === undefined) throw new Error('API_KEYS is tenant:key,tenant:key');
      return [key, tenant];
    }),
  );
}
