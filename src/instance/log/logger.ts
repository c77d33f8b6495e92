import { createJsonLogger, type Logger } from '../../util/logger.ts';

export type { Logger } from '../../util/logger.ts';

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
export const createLogger = ({ podName, ...options }: LogOptions): Logger =>
  createJsonLogger({ ...options, base: { logging_pod: podName } });
