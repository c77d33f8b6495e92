import { annotation } from '../../labels.ts';
import { role } from '../../naming.ts';
import { quoteIdentifier, quoteLiteral } from '../../postgres/quote.ts';
import { matchesVerifier, scramVerifier } from '../../postgres/scram.ts';
import { application, secretNames } from '../../resources/secret-names.ts';
import { secretValue } from '../cluster/secret-source.ts';
import type { InstanceContext } from '../context/context.ts';
import { servesAsPrimary, type InstanceView } from '../world/view.ts';

interface Password {
  readonly role: string;
  /** Null: none, logging in by password is impossible. */
  readonly password: string | null;
  /** As the user has it: a verifier made elsewhere, or one that the server shall make. */
  readonly passthrough: boolean;
  /** Changes with the Secret. */
  readonly version: string;
}

/** The system's own roles. streaming_replica and the exporter log in by certificate and over the socket; neither has a password. */
export const systemRolesSql = [
  `DO $$ BEGIN
     IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = '${role.replication}') THEN
       CREATE ROLE ${role.replication} LOGIN REPLICATION;
     END IF;
     IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = '${role.metrics}') THEN
       CREATE ROLE ${role.metrics} LOGIN;
     END IF;
   END $$`,
  `GRANT pg_monitor TO ${role.metrics}`,
  // What pg_rewind asks of its source (PostgreSQL documentation, pg_rewind, Notes).
  `GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean) TO ${role.replication}`,
  `GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text, boolean) TO ${role.replication}`,
  `GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text) TO ${role.replication}`,
  `GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO ${role.replication}`,
];

function wanted({ secrets }: InstanceContext, { cluster }: InstanceView): Password[] {
  if (!cluster) return [];
  const names = secretNames(cluster);
  const from = (secretName: string, roleName: string): Password[] => {
    const secret = secrets.get(secretName);
    if (secret === undefined || secret === 'unknown') return [];
    const password = secretValue(secret, 'password');
    if (password === undefined) return [];
    const passthrough = secret.metadata?.annotations?.[annotation.passwordPassthrough] === 'enabled';
    return [
      { role: roleName, password, passthrough, version: `${secret.metadata?.uid}/${secret.metadata?.resourceVersion}` },
    ];
  };
  const app = application(cluster);
  return [
    ...(app ? from(names.application, app.owner) : []),
    ...(cluster.spec.enableSuperuserAccess === true
      ? from(names.superuser, role.superuser)
      : [{ role: role.superuser, password: null, passthrough: false, version: 'none' }]),
  ];
}

async function setPassword({ session, log }: InstanceContext, wish: Password): Promise<void> {
  const [found] = await session.query<{ password: string | null }>(
    'SELECT rolpassword AS password FROM pg_catalog.pg_authid WHERE rolname = $1',
    [wish.role],
  );
  if (!found) throw new Error(`the role "${wish.role}" does not exist`);
  if (wish.password === null ? found.password === null : isSet(wish, found.password)) return;
  const value =
    wish.password === null ? null : wish.passthrough ? wish.password : (scramVerifier(wish.password) ?? wish.password);
  const literal = value === null ? 'NULL' : quoteLiteral(value);
  // The statement holds a verifier at most; it is kept out of the server's log all the same.
  await session.query(`SET log_statement = 'none'; SET log_min_duration_statement = -1; SET log_min_error_statement = 'panic';
    ALTER ROLE ${quoteIdentifier(wish.role)} PASSWORD ${literal};
    RESET log_statement; RESET log_min_duration_statement; RESET log_min_error_statement`);
  log.info({ role: wish.role }, wish.password === null ? 'Password removed' : 'Password set');
}

function isSet(wish: Password, stored: string | null): boolean {
  if (stored === null || wish.password === null) return false;
  return wish.passthrough ? stored === wish.password : matchesVerifier(wish.password, stored);
}

/** Keeps the roles that the operator itself owns, and the passwords that Secrets hold. On the primary. */
export function reconcileRoles(context: InstanceContext): (view: InstanceView) => Promise<void> {
  const done = new Map<string, string>();
  let systemRoles: number | undefined;
  return async (view) => {
    if (!servesAsPrimary(view)) {
      done.clear();
      return;
    }
    if (systemRoles !== view.postmaster.pid) {
      for (const sql of systemRolesSql) await context.session.query(sql);
      systemRoles = view.postmaster.pid;
    }
    try {
      for (const wish of wanted(context, view)) {
        const version = `${wish.role}/${wish.version}`;
        if (done.get(wish.role) === version) continue;
        await setPassword(context, wish);
        done.set(wish.role, version);
      }
    } finally {
      // Tried is enough: a role that the user dropped must not keep the others out.
      if (view.postmaster.pid !== undefined) context.rolesKept.pid = view.postmaster.pid;
    }
  };
}
