import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Names of levels as the reference has them (§2.31). */
const levelNames: Readonly<Record<string, string>> = { warn: 'warning', fatal: 'error' };
const pinoLevels: Readonly<Record<string, string>> = { warning: 'warn' };

/** Nobody logs these on purpose; an object that is logged whole might have them. */
const secret = ['password', 'token', 'authorization', 'data', 'stringData', 'privateKey'];

export interface LoggerOptions {
  readonly level: string;
  /** In every line. */
  readonly base: Readonly<Record<string, string>>;
  readonly levelField?: string | undefined;
  readonly timestampField?: string | undefined;
  /** Standard output if absent. */
  readonly destination?: DestinationStream;
}

/** JSON lines: level, ts, what `base` has, msg. */
export function createJsonLogger(options: LoggerOptions): Logger {
  const levelField = options.levelField ?? 'level';
  const timestampField = options.timestampField ?? 'ts';
  const settings = {
    level: pinoLevels[options.level] ?? options.level,
    base: { ...options.base },
    formatters: { level: (label: string) => ({ [levelField]: levelNames[label] ?? label }) },
    timestamp: () => `,"${timestampField}":"${new Date().toISOString()}"`,
    redact: { paths: secret.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}
