/** One setting with the value that one source gives it. */
export interface Assignment {
  /** Dotted path, such as `doors.http.port`. */
  readonly path: string;
  /** null takes back what a weaker source said. */
  readonly value: unknown;
  /** For people: a file, `KVNEST_DOORS_HTTP_PORT`, `--set doors.http.port`. */
  readonly origin: string;
  readonly source: ConfigSource;
}

/** The value of a section that is on, with whatever weaker sources and the defaults say. */
export const SWITCHED_ON = Symbol('switched on');

/** Where a setting may come from, weakest first. */
export type ConfigSource = 'file' | 'environment' | 'command line';

/** Nested plain settings, as the classes of `settings/` take them. */
export type SettingTree = Record<string, unknown>;
