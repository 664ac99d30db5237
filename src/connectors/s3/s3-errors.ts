import { isKvError, type KvError } from '../../common/errors/kv-error.js';
import {
  remoteAborted,
  remoteFailed,
  remoteProtocol,
  remoteRefused,
  remoteUnreachable,
} from '../connector-errors.js';
import { TransportError } from './s3-transport.js';

/** What the SDK throws, as far as it is looked at. */
interface S3Failure extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Record<string, string> };
}

/** Errors with a status that would say something else. */
const REFUSED = new Set([
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'InvalidBucketName',
  'InvalidToken',
  'NoSuchBucket',
]);
const LATER = new Set(['RequestTimeout', 'SlowDown', 'Throttling', 'ThrottlingException']);
const LATER_STATUS = new Set([408, 429, 500, 502, 503, 504]);

/** Whether the store answered that there is no such object, not a byte of it, or could not be with such a name. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'NoSuchBucket') return false;
  const status = statusOf(error);
  return status === 404 || status === 416 || isNameTooLong(error);
}

/** Services on file systems take less than Amazon's 1,024 bytes. */
export function isNameTooLong(error: unknown): boolean {
  return error instanceof Error && error.name === 'KeyTooLongError';
}

/** @param label what the error calls the store. */
export function remoteErrorOf(label: string, error: unknown, signal: AbortSignal | undefined): KvError {
  if (signal?.aborted === true) return remoteAborted(label);
  if (isKvError(error)) return error;
  if (error instanceof TransportError) return remoteUnreachable(label, error);
  if (!(error instanceof Error)) return remoteFailed(label, String(error), { retryable: false });
  const status = statusOf(error);
  const message = [error.name, error.message].filter((part) => part !== '').join(': ');
  // Without an answer the SDK did not even ask: no credentials, no region, a bucket with an impossible name.
  if (status === undefined || REFUSED.has(error.name)) return remoteRefused(label, message, error);
  return withAnswer(label, error, message, status);
}

function withAnswer(label: string, error: S3Failure, message: string, status: number): KvError {
  if (status < 300) return remoteProtocol(label, error.message);
  if (status < 400) return remoteRefused(label, `the bucket is in region ${regionOf(error)}`, error);
  if (status === 401 || status === 403) return remoteRefused(label, message, error);
  if (status === 404) return remoteRefused(label, 'there is no such bucket', error);
  const retryable = LATER_STATUS.has(status) || LATER.has(error.name);
  return remoteFailed(label, `${status} ${message}`, { retryable, cause: error });
}

function statusOf(error: S3Failure): number | undefined {
  return error.$metadata?.httpStatusCode ?? error.$response?.statusCode;
}

function regionOf(error: S3Failure): string {
  return error.$response?.headers?.['x-amz-bucket-region'] ?? 'another than the configured one';
}
