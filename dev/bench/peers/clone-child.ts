// Howdah's own copy of a running server, as the Job `join` makes it, in a process of its own.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { clone } from '../../../src/instance/replication/clone.ts';
import type { ServerAddress } from '../../../src/instance/replication/connection.ts';

process.once('message', ({ origin, directory }: { origin: ServerAddress; directory: string }) => {
  void (async () => {
    await mkdir(directory, { recursive: true });
    const place = { data: path.join(directory, 'pgdata'), tablespaces: path.join(directory, 'tablespaces') };
    const options = { label: 'bench', log: pino({ level: 'silent' }), signal: AbortSignal.timeout(900_000) };
    if (!(await clone(origin, place, options))) throw new Error('there is a data directory already');
    process.exit(0);
  })().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
