import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Names of levels as the reference has them (§2.31). */
const levelNames: Readonly<Record<string, string>> = { warn: 'warning', fatal: 'error' };
const pinoLevels: Readonly<Record<string, string>> = { warning: 'warn' };

export interface LogOptions {
  readonly level: string;
  readonly podName: string;
  readonly levelField?: string;
  readonly timestampField?: string;
}

/**
 * JSON lines on standard output: level, ts, logger, msg, logging_pod. Every part takes a child of this one with its own `logger`
 * (a child of a child would say it twice).
 */
export function createLogger(options: LogOptions): Logger {
  const levelField = options.levelField ?? 'level';
  const timestampField = options.timestampField ?? 'ts';
  return pino({
    level: pinoLevels[options.level] ?? options.level,
    base: { logging_pod: options.podName },
    formatters: { level: (label) => ({ [levelField]: levelNames[label] ?? label }) },
    timestamp: () => `,"${timestampField}":"${new Date().toISOString()}"`,
  });
}
