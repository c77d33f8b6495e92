// PostgreSQL's csvlog (documentation 20.8.4): the columns of version 14 and later, in order.

export const csvColumns = [
  'log_time',
  'user_name',
  'database_name',
  'process_id',
  'connection_from',
  'session_id',
  'session_line_num',
  'command_tag',
  'session_start_time',
  'virtual_transaction_id',
  'transaction_id',
  'error_severity',
  'sql_state_code',
  'message',
  'detail',
  'hint',
  'internal_query',
  'internal_query_pos',
  'context',
  'query',
  'query_pos',
  'location',
  'application_name',
  'backend_type',
  'leader_pid',
  'query_id',
] as const;

export type CsvRecord = Readonly<Record<string, string>>;

export interface ParsedCsv {
  readonly records: CsvRecord[];
  /** What follows the last whole record. */
  readonly rest: string;
}

interface Fields {
  readonly values: string[];
  /** Position after the record's line end. */
  readonly end: number;
}

/** One record from `start`; undefined when it is not whole yet. */
function readRecord(text: string, start: number): Fields | undefined {
  const values: string[] = [];
  let at = start;
  for (;;) {
    let value = '';
    if (text[at] === '"') {
      for (;;) {
        const quote = text.indexOf('"', at + 1);
        if (quote < 0) return undefined;
        value += text.slice(at + 1, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        value += '"';
      }
    } else {
      const rest = /[,\n]/g;
      rest.lastIndex = at;
      const found = rest.exec(text);
      if (!found) return undefined;
      value = text.slice(at, found.index);
      at = found.index;
    }
    values.push(value);
    if (at >= text.length) return undefined;
    const separator = text[at];
    at += 1;
    if (separator !== ',') return { values, end: at };
  }
}

/** All whole records of a piece of the log. Empty columns are left out. */
export function parseCsvLog(text: string): ParsedCsv {
  const records: CsvRecord[] = [];
  let at = 0;
  while (at < text.length) {
    const fields = readRecord(text, at);
    if (!fields) break;
    at = fields.end;
    // A tail that begins inside a record, or a line that is no record, is skipped.
    if (fields.values.length < 14) continue;
    records.push(
      Object.fromEntries(
        csvColumns.map((name, index) => [name, fields.values[index] ?? '']).filter(([, value]) => value !== ''),
      ) as CsvRecord,
    );
  }
  return { records, rest: text.slice(at) };
}
