import { type Findings } from '../findings.js';
import { type SettingInfo } from '../schema/setting-registry.js';
import { parse } from 'yaml';
import { type Assignment, type ConfigSource } from './assignment.js';
import { MappingReader } from './mapping-reader.js';

export interface TextSetting {
  readonly path: string;
  readonly info: SettingInfo;
  readonly text: string;
  readonly origin: string;
  readonly source: ConfigSource;
}

/**
 * A setting given as text, by the environment or the command line. Single values stay text, which validation converts;
 * lists, mappings and switches are written as YAML or JSON; `null` takes a setting back.
 */
export function readText(setting: TextSetting, findings: Findings): readonly Assignment[] {
  const reader = new MappingReader(setting.origin, setting.source, findings);
  try {
    const isValue = setting.info.shape === 'value' && setting.text !== 'null';
    reader.readSetting(setting.info, setting.path, isValue ? setting.text : (parse(setting.text) as unknown));
  } catch {
    findings.problem(setting.path, 'must be written as YAML or JSON on one line', setting.origin);
  }
  return reader.assignments;
}
