import { Body, type PipeTransform } from '@nestjs/common';
import { validate } from './validate.js';

class BodyPipe<T extends object> implements PipeTransform<unknown, T> {
  constructor(private readonly type: new () => T) {}

  transform(body: unknown): T {
    return validate(this.type, body ?? {});
  }
}

/** The JSON body, validated as `type`. */
export function ValidBody(type: new () => object): ParameterDecorator {
  return Body(new BodyPipe(type));
}
