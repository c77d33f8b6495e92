import { role } from '../naming.ts';

/** pg_ident.conf (reference §2.16). `systemUser` is the operating system's user that PostgreSQL and its manager run as. */
export function renderIdent(systemUser: string, userLines: readonly string[]): string {
  const user = `"${systemUser.replaceAll('"', '""')}"`;
  const lines = [
    `local ${user} ${role.superuser}`,
    `local ${user} ${role.metrics}`,
    `cnpg_streaming_replica ${role.replication} ${role.replication}`,
    `cnpg_pooler_pgbouncer ${role.pooler} ${role.pooler}`,
    ...userLines.map((line) => line.replaceAll(/[\r\n]+/g, ' ').trimEnd()),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
