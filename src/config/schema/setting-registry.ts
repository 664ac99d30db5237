/** A class whose fields are the keys of one mapping in the configuration file. */
export type SettingsClass = abstract new () => object;

/**
 * What a key holds: one value; a section of further keys; a section that `false` switches off; a list of sections; a
 * mapping whose keys are nobody's business here.
 */
export type SettingShape = 'value' | 'section' | 'switch' | 'list' | 'open';

export interface SettingInfo {
  readonly name: string;
  readonly shape: SettingShape;
  /** The class behind a section, a switch or the items of a list. */
  readonly section?: () => SettingsClass;
}

const registry = new Map<unknown, Map<string, SettingInfo>>();

/** Called by the decorators of `setting.decorators.ts`. */
export function registerSetting(owner: unknown, info: SettingInfo): void {
  const settings = registry.get(owner) ?? new Map<string, SettingInfo>();
  registry.set(owner, settings.set(info.name, info));
}

/** The keys of a class, those of its parents included. */
export function settingsOf(owner: SettingsClass): ReadonlyMap<string, SettingInfo> {
  const all = new Map<string, SettingInfo>();
  for (let type: unknown = owner; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
    for (const [name, info] of registry.get(type) ?? []) if (!all.has(name)) all.set(name, info);
  }
  return all;
}

/** Every key of a class and of the sections below it, by dotted path; the items of lists are left out. */
export function settingPaths(owner: SettingsClass, prefix = ''): ReadonlyMap<string, SettingInfo> {
  const paths = new Map<string, SettingInfo>();
  for (const info of settingsOf(owner).values()) {
    const path = prefix + info.name;
    paths.set(path, info);
    if (info.section === undefined || info.shape === 'list') continue;
    for (const [below, belowInfo] of settingPaths(info.section(), `${path}.`)) paths.set(below, belowInfo);
  }
  return paths;
}

/** A key inside a mapping that is open, such as `extra_config.anything`, has no entry of its own: whatever it holds is right. */
export function insideOpenMapping(
  path: string,
  settings: ReadonlyMap<string, SettingInfo>,
): SettingInfo | undefined {
  const dot = path.indexOf('.');
  const parent = dot === -1 ? undefined : settings.get(path.slice(0, dot));
  return parent?.shape === 'open' ? { name: path, shape: 'open' } : undefined;
}
