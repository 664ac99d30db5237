import { type LogLevel } from '@nestjs/common';

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['trace', 'debug'],
  ['verbose', 'debug'],
  ['debug', 'debug'],
  ['info', 'log'],
  ['log', 'log'],
  ['notice', 'log'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['err', 'error'],
  ['error', 'error'],
  ['fatal', 'fatal'],
  ['critical', 'fatal'],
]);
const LEVEL_NAMES = ['level', 'levelname', 'severity', 'lvl'];
const MESSAGE_NAMES = ['msg', 'message'];
const TIME_NAMES = ['time', 'timestamp', 'ts', 'asctime'];

/**
 * What a line says and how loud. A line that is a JSON object with a level and a message, as loggers of many languages
 * write them, is logged as that, its other fields behind the message; any other line at the level of its stream.
 */
export function readLogLine(text: string, streamLevel: LogLevel): LogLine {
  const fields = text.startsWith('{') && text.endsWith('}') ? parseObject(text) : undefined;
  if (fields === undefined) return { level: streamLevel, text };
  const levelName = LEVEL_NAMES.find((name) => levelOf(fields[name]) !== undefined);
  const messageName = MESSAGE_NAMES.find((name) => typeof fields[name] === 'string');
  if (levelName === undefined || messageName === undefined) return { level: streamLevel, text };
  const shown = new Set([levelName, messageName, ...TIME_NAMES]);
  const rest = Object.entries(fields).filter(([name]) => !shown.has(name));
  const suffix = rest.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(rest))}`;
  return {
    level: levelOf(fields[levelName]) ?? streamLevel,
    text: `${fields[messageName] as string}${suffix}`,
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** A name, or a number as those of pino and bunyan: 10 trace, 20 debug, 30 info, … */
function levelOf(value: unknown): LogLevel | undefined {
  if (typeof value === 'string') return LEVELS.get(value.toLowerCase());
  if (typeof value !== 'number') return undefined;
  if (value < 30) return 'debug';
  if (value < 40) return 'log';
  if (value < 50) return 'warn';
  return value < 60 ? 'error' : 'fatal';
}
