import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ArchivingPostgres } from '../../../src/instance/recovery/testing.ts';
import type { ServerAddress } from '../../../src/instance/replication/connection.ts';
import { createAuthority, issueCertificate } from '../../../src/pki/x509.ts';
import { buildChild, runChild } from './children.ts';
import { type Measured, measure } from './measure.ts';

const servername = 'primary';

/** Gives the server what a primary has for its replicas: TLS with certificates on both sides. */
async function withCertificates({ server }: ArchivingPostgres, host: string): Promise<ServerAddress> {
  const now = new Date();
  const authority = await createAuthority('ca', 1, now);
  const issue = (commonName: string, usage: 'server' | 'client') =>
    issueCertificate(authority, { days: 1, now, commonName, dnsNames: [commonName], usages: [usage] });
  const [own, client] = [await issue(servername, 'server'), await issue('postgres', 'client')];
  const files = { ssl_cert_file: own.certificate, ssl_key_file: own.key, ssl_ca_file: authority.certificate };
  for (const [setting, content] of Object.entries(files)) {
    const file = path.join(server.directory, setting);
    await writeFile(file, content, { mode: 0o600 });
    const { user } = server.installation;
    if (user) spawnSync('chown', [`${user.uid}:${user.gid}`, file]);
    await server.query(`ALTER SYSTEM SET ${setting} = '${file}'`);
  }
  await server.query('ALTER SYSTEM SET ssl = on');
  await server.query('SELECT pg_reload_conf()');
  const ssl = { ca: authority.certificate, cert: client.certificate, key: client.key, servername };
  return { host, port: server.port, user: 'postgres', ssl };
}

export interface Cloning {
  /** The copy as a whole, and the server's process that sends it. */
  readonly run: (directory: string) => Promise<{ readonly copy: Measured; readonly primary: Measured }>;
}

/** A replica copied from the primary, which is what a restore of a backup would spare it. `host` is where the server listens. */
export async function cloning(pg: ArchivingPostgres, host: string): Promise<Cloning> {
  await buildChild('clone');
  const origin = await withCertificates(pg, host);
  return {
    async run(directory) {
      let copy: Measured | undefined;
      const primary = await measure(/walsender/, async () => {
        copy = await measure('bench/clone.mjs', () => runChild('clone', { origin, directory }));
      });
      return { copy: copy ?? primary, primary };
    },
  };
}
