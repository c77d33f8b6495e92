import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { InstancePaths } from '../../paths.ts';
import { parseCsvLog } from '../log/csv-log.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

const tailBytes = 8192;

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.slice(-tailBytes);
}

/** PostgreSQL's own words on why it did not start: the last fatal message of its log, else what it wrote to standard error. */
export async function startFailure(paths: InstancePaths, supervisor: Supervisor): Promise<string> {
  const stderr = (await tail(path.join(supervisor.directory, 'postgres.stderr'))).trim().split('\n');
  const records = parseCsvLog(await tail(path.join(paths.logs, 'postgres.csv'))).records;
  const fatal = records.findLast(
    (record) => record['error_severity'] === 'FATAL' || record['error_severity'] === 'PANIC',
  );
  const last = stderr.findLast((line) => /FATAL|PANIC/.test(line)) ?? stderr.at(-1) ?? '';
  const hint = fatal?.['hint'] ? ` (${fatal['hint']})` : '';
  return fatal ? `${fatal['message']}${hint}` : last;
}
