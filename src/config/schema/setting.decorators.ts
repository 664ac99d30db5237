import { applyDecorators } from '@nestjs/common';
import { plainToInstance, Transform, Type } from 'class-transformer';
import { IsArray, IsOptional, ValidateBy, ValidateIf, ValidateNested } from '../../common/validation.js';
import { asIs, type Conversion, toBytes, toFlag, toNames, toNumber, toText, toTexts } from './conversions.js';
import { formatBytes } from '../../common/format-bytes.js';
import { registerSetting, type SettingsClass, type SettingShape } from './setting-registry.js';

interface ValueRule {
  readonly convert: Conversion;
  readonly accepts: (value: unknown) => boolean;
  /** Completes "must be …". */
  readonly expected: string;
  readonly required?: boolean | undefined;
}

function register(shape: SettingShape, section?: () => SettingsClass): PropertyDecorator {
  return (target, name) =>
    registerSetting(target.constructor, { name: String(name), shape, ...(section && { section }) });
}

function check(expected: string, accepts: (value: unknown) => boolean): PropertyDecorator {
  return ValidateBy({ name: 'setting', validator: { validate: accepts, defaultMessage: () => expected } });
}

function value(rule: ValueRule): PropertyDecorator {
  return applyDecorators(
    register('value'),
    Transform((parameters) => rule.convert(parameters.value)),
    ...(rule.required === true ? [] : [IsOptional()]),
    check(`must be ${rule.expected}`, rule.accepts),
  );
}

function isMapping(candidate: unknown): boolean {
  return typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate);
}

interface ByteSizeRule {
  readonly minBytes: number;
  readonly maxBytes?: number;
  readonly required?: boolean;
}

/** A number of bytes, or text with a unit. */
export function ByteSize({ minBytes, maxBytes, required }: ByteSizeRule): PropertyDecorator {
  const most = maxBytes === undefined ? '' : `, at most ${formatBytes(maxBytes)}`;
  return value({
    required,
    convert: toBytes,
    accepts: (bytes) =>
      Number.isSafeInteger(bytes) &&
      (bytes as number) >= minBytes &&
      (bytes as number) <= (maxBytes ?? Number.MAX_SAFE_INTEGER),
    expected: `a size such as 64MiB or a number of bytes, at least ${formatBytes(minBytes)}${most}`,
  });
}

/** LMCache's unit for sizes: a float in GiB. */
export function Gibibytes(): PropertyDecorator {
  return value({
    convert: toNumber,
    accepts: (size) => typeof size === 'number' && size >= 0 && size <= 2 ** 22,
    expected: 'a number of GiB, such as 5 or 0.5',
  });
}

export function WholeNumber(limits: { readonly min: number; readonly max: number }): PropertyDecorator {
  return value({
    convert: toNumber,
    accepts: (n) => Number.isInteger(n) && (n as number) >= limits.min && (n as number) <= limits.max,
    expected: `a whole number from ${limits.min} to ${limits.max}`,
  });
}

export function Port(): PropertyDecorator {
  return value({
    convert: toNumber,
    accepts: (port) => Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65_535,
    expected: 'a port from 0 to 65535, where 0 is any free one',
  });
}

/** A number of seconds, fractions allowed. */
export function Seconds(limits: { readonly max: number }): PropertyDecorator {
  return value({
    convert: toNumber,
    accepts: (seconds) => typeof seconds === 'number' && seconds > 0 && seconds <= limits.max,
    expected: `a number of seconds above 0, at most ${limits.max}`,
  });
}

export function Flag(): PropertyDecorator {
  return value({
    convert: toFlag,
    accepts: (flag) => typeof flag === 'boolean',
    expected: 'true or false',
  });
}

interface TextRule {
  /** Accept a bare number: it cannot have lost digits, or none that matter. */
  readonly numbers?: boolean;
  readonly required?: boolean;
  readonly pattern?: { readonly test: RegExp; readonly expected: string };
}

export function Text(rule: TextRule = {}): PropertyDecorator {
  return value({
    required: rule.required,
    convert: rule.numbers === true ? toText : asIs,
    accepts: (text) => typeof text === 'string' && text !== '' && (rule.pattern?.test.test(text) ?? true),
    expected: rule.pattern?.expected ?? 'text that is not empty (put quotes around digits)',
  });
}

/** A list of texts; one alone may stand for itself. */
export function Texts(): PropertyDecorator {
  return value({
    convert: toTexts,
    accepts: isListOf((text) => text !== ''),
    expected: 'text, or a list of texts, none of them empty',
  });
}

/** A list of texts, or text with commas between them. */
export function Items(): PropertyDecorator {
  return value({
    convert: toNames,
    accepts: isListOf((text) => text !== ''),
    expected: 'a list of texts, none of them empty, or text with commas',
  });
}

/** A list whose items are checked by whoever reads it; one text may stand for itself. @param expected completes "must be …". */
export function Entries(expected: string): PropertyDecorator {
  return value({ convert: toTexts, accepts: Array.isArray, expected });
}

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** A list of names, or text with commas between them. */
export function Names(): PropertyDecorator {
  return value({
    convert: toNames,
    accepts: isListOf((name) => NAME.test(name)),
    expected: 'names of letters, digits, dots, dashes and underscores: a list, or text with commas',
  });
}

function isListOf(accepts: (text: string) => boolean): (value: unknown) => boolean {
  return (list) => Array.isArray(list) && list.every((text) => typeof text === 'string' && accepts(text));
}

export function OneOf(...choices: readonly string[]): PropertyDecorator {
  return value({
    convert: asIs,
    accepts: (choice) => typeof choice === 'string' && choices.includes(choice),
    expected: `one of ${choices.join(', ')}`,
  });
}

export function Section(section: () => new () => object): PropertyDecorator {
  return applyDecorators(
    register('section', section),
    Type(section),
    check('must be a mapping of keys', isMapping),
    ValidateNested(),
  );
}

/** A section, or `false` for off. */
export function Switch(section: () => new () => object): PropertyDecorator {
  return applyDecorators(
    register('switch', section),
    Transform((parameters) => {
      const given = parameters.value as unknown;
      return isMapping(given) ? plainToInstance(section(), given) : given;
    }),
    ValidateIf((_, given) => given !== false && given !== undefined),
    check('must be false, true or a mapping of keys', isMapping),
    ValidateNested(),
  );
}

export function List(section: () => new () => object): PropertyDecorator {
  return applyDecorators(
    register('list', section),
    Type(section),
    IsOptional(),
    IsArray({ message: 'must be a list' }),
    ValidateNested({ each: true }),
  );
}

export function OpenMapping(): PropertyDecorator {
  return applyDecorators(register('open'), check('must be a mapping of keys', isMapping));
}
