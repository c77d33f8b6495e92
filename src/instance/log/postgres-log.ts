import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { InstancePaths } from '../../paths.ts';
import { parseCsvLog, type CsvRecord } from './csv-log.ts';
import { FileTail } from './file-tail.ts';
import type { Logger } from './logger.ts';

const pollMs = 200;
const csvLimit = 16 << 20;
const textLimit = 4 << 20;

const auditFields = [
  'audit_type',
  'statement_id',
  'substatement_id',
  'class',
  'command',
  'object_type',
  'object_name',
  'statement',
  'parameter',
];

/** The fields of a pgaudit message: CSV after "AUDIT: ". */
function auditOf(message: string): Record<string, string> | undefined {
  if (!message.startsWith('AUDIT: ')) return undefined;
  const values = [...message.slice('AUDIT: '.length).matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(
    ([, value = '']) => (value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value),
  );
  return Object.fromEntries(auditFields.map((name, index) => [name, values[index] ?? '']));
}

export interface PostgresLogOptions {
  readonly paths: InstancePaths;
  readonly supervisorDirectory: string;
  readonly log: Logger;
  /** The postmaster, while it runs. */
  readonly postmaster: () => number | undefined;
}

/**
 * Follows PostgreSQL's log files and prints every record as a JSON line (reference §2.31). Files, because a pipe whose reader died
 * would block or break PostgreSQL; bounded, because nobody else looks after them.
 */
export async function followPostgresLog(options: PostgresLogOptions, signal: AbortSignal): Promise<void> {
  const { paths, log, postmaster } = options;
  const server = log.child({ logger: 'postgres' });
  const audit = log.child({ logger: 'pgaudit' });
  const emit = (record: CsvRecord): void => {
    const fields = auditOf(record['message'] ?? '');
    if (fields) audit.info({ record: { ...record, audit: fields } }, 'record');
    else server.info({ record }, 'record');
  };
  /** What `pg_ctl logrotate` does: PostgreSQL opens new files of the same names. */
  const rotate = async (): Promise<void> => {
    const pid = postmaster();
    if (pid === undefined) return;
    await writeFile(path.join(paths.data, 'logrotate'), '');
    process.kill(pid, 'SIGUSR1');
  };
  const csv = (text: string): string => {
    const { records, rest } = parseCsvLog(text);
    for (const record of records) emit(record);
    return rest;
  };
  const lines = (text: string): string => {
    const parts = text.split('\n');
    const rest = parts.pop() ?? '';
    for (const line of parts) if (line.trim() !== '') server.info(line);
    return rest;
  };
  const tails = [
    new FileTail({ file: path.join(paths.logs, 'postgres.csv'), take: csv, limit: csvLimit, rotate }),
    new FileTail({ file: path.join(paths.logs, 'postgres'), take: lines, limit: textLimit, rotate }),
    new FileTail({ file: path.join(options.supervisorDirectory, 'postgres.stderr'), take: lines, limit: textLimit }),
  ];
  try {
    while (!signal.aborted) {
      for (const tail of tails) await tail.poll();
      await delay(pollMs, undefined, { signal }).catch(() => undefined);
    }
    // The last words of the server that was stopped.
    for (const tail of tails) await tail.poll();
  } finally {
    for (const tail of tails) await tail.close();
  }
}
