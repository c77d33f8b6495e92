import type { Logger } from '../../instance/log/logger.ts';
import type { Supervisor } from '../../instance/supervisor/supervisor.ts';
import type { Machine } from './machine.ts';

/** scripts/supervise of a simulated container. */
export const supervisorOf = (machine: Machine): Supervisor => ({
  heartbeat: (until) => machine.heartbeat(until === undefined ? undefined : until * 10),
  start: () => machine.startPostgres(),
  isStartPending: () => false,
  postgresPid: () => (machine.postgres?.alive ? machine.postgres.process.pid : undefined),
  lastExit: () => machine.lastExit,
  terminatingSince: () => machine.terminatingSince,
  hears: () => undefined,
  done: () => machine.done(),
  present: () => true,
  directory: `${machine.paths.root}/controller/supervisor`,
  get pid() {
    return machine.supervisorPid;
  },
});

const shown = (value: unknown): unknown => {
  if (value instanceof Error) return value.message;
  return typeof value === 'bigint' ? value.toString() : value;
};

/** A logger whose lines go to the transcript: rule, message and what else is said. */
export function simulatedLogger(note: (text: string) => void, told: 'nothing' | 'much' | 'all'): Logger {
  const say = (what: unknown, message?: string): void => {
    if (typeof what === 'string') return note(what);
    const facts = Object.entries(what as object).map(([key, value]) => `${key}=${JSON.stringify(shown(value))}`);
    note([message ?? '', ...facts].join(' '));
  };
  const quiet = (): void => undefined;
  const usual = told === 'nothing' ? quiet : say;
  const logger = {
    ...{ trace: quiet, debug: told === 'all' ? say : quiet, info: usual, warn: usual, error: usual, fatal: usual },
    child: () => logger,
  };
  return logger as unknown as Logger;
}
