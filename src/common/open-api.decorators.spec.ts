import { describe, expect, it } from '@jest/globals';
import * as swagger from '@nestjs/swagger';
import { ApiOperation, ApiProperty, describeAll } from './open-api.decorators.js';

class Answer {
  @ApiProperty({ description: 'bytes' })
  size = 0;
}

class Controller {
  @ApiOperation({ summary: 'answers' })
  answer(): Answer {
    return new Answer();
  }
}

describe('decorators of @nestjs/swagger that wait', () => {
  it('say nothing until they are asked, and then what they were given', () => {
    const { answer } = Object.getOwnPropertyDescriptors(Controller.prototype);
    const operation = (): unknown => Reflect.getMetadata('swagger/apiOperation', answer.value as object);
    expect(operation()).toBeUndefined();
    describeAll(swagger);
    expect(operation()).toMatchObject({ summary: 'answers' });
    expect(Reflect.getMetadata('swagger/apiModelPropertiesArray', Answer.prototype)).toEqual([':size']);
  });
});
