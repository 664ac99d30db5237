import { OpenMapping, Text } from '../schema/setting.decorators.js';

/** One entry of `modules:`. */
export class ModuleSettings {
  /** Name of an npm package, or path of a file. */
  @Text({ required: true })
  module_path!: string;

  /** Name of the export. Default: the default export, or the only one that can be used. */
  @Text()
  class_name?: string;

  /** Unique; what the log calls it. Default: the class, else the package or the file without its ending. */
  @Text()
  name?: string;

  /** Read by the module. */
  @OpenMapping()
  options: Record<string, unknown> = {};
}
