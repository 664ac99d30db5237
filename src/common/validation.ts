import { createRequire } from 'node:module';
import type * as ClassValidator from 'class-validator';

/**
 * The parts of `class-validator` that kvnest uses, from its own files: the package as a whole brings what it needs for
 * telephone numbers, which takes 6 MB.
 */

const require = createRequire(import.meta.url);

function load<Name extends keyof typeof ClassValidator>(
  file: string,
  name: Name,
): (typeof ClassValidator)[Name] {
  return (require(`class-validator/cjs/${file}.js`) as typeof ClassValidator)[name];
}

export const ArrayMaxSize = load('decorator/array/ArrayMaxSize', 'ArrayMaxSize');
export const ArrayMinSize = load('decorator/array/ArrayMinSize', 'ArrayMinSize');
export const IsArray = load('decorator/typechecker/IsArray', 'IsArray');
export const IsBoolean = load('decorator/typechecker/IsBoolean', 'IsBoolean');
export const IsIn = load('decorator/common/IsIn', 'IsIn');
export const IsInt = load('decorator/typechecker/IsInt', 'IsInt');
export const IsNotEmpty = load('decorator/common/IsNotEmpty', 'IsNotEmpty');
export const IsNumber = load('decorator/typechecker/IsNumber', 'IsNumber');
export const IsOptional = load('decorator/common/IsOptional', 'IsOptional');
export const IsPositive = load('decorator/number/IsPositive', 'IsPositive');
export const IsString = load('decorator/typechecker/IsString', 'IsString');
export const Length = load('decorator/string/Length', 'Length');
export const Matches = load('decorator/string/Matches', 'Matches');
export const Max = load('decorator/number/Max', 'Max');
export const Min = load('decorator/number/Min', 'Min');
export const ValidateBy = load('decorator/common/ValidateBy', 'ValidateBy');
export const ValidateIf = load('decorator/common/ValidateIf', 'ValidateIf');
export const ValidateNested = load('decorator/common/ValidateNested', 'ValidateNested');

const Validator = load('validation/Validator', 'Validator');
const validator = new Validator();

/** What is wrong with the fields of `object`, by their decorators. */
export function validateSync(
  object: object,
  options?: ClassValidator.ValidatorOptions,
): ClassValidator.ValidationError[] {
  return validator.validateSync(object, options);
}
