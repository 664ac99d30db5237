import { ValidateBy } from '../../../../common/validation.js';

const MAX_TOKEN = 0xffff_ffff;

/** A list of token ids: whole numbers from 0 to 2³² - 1. One pass, whatever its length. */
export function IsTokenList(): PropertyDecorator {
  return ValidateBy({
    name: 'isTokenList',
    validator: {
      validate: (value) => Array.isArray(value) && firstBad(value) === -1,
      defaultMessage: (args) =>
        Array.isArray(args?.value)
          ? `$property is no token id at index ${firstBad(args.value)}`
          : '$property must be a list of token ids',
    },
  });
}

function firstBad(values: readonly unknown[]): number {
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_TOKEN) return index;
  }
  return -1;
}
