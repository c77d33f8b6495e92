import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { Secret } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { annotation } from '../../labels.ts';
import { quoteIdentifier, quoteLiteral } from '../../postgres/quote.ts';
import { scramVerifier } from '../../postgres/scram.ts';
import { application, secretNames } from '../../resources/secret-names.ts';
import { secretValue } from '../cluster/secret-source.ts';
import { configurationFiles } from '../configuration/settings.ts';
import { writeConfiguration } from '../configuration/write.ts';
import type { InstanceEnvironment } from '../world/environment.ts';
import type { Logger } from '../log/logger.ts';
import { findProgram } from '../programs/find.ts';
import { systemRolesSql } from '../roles/reconcile.ts';
import { emptyCheckFile } from '../wal/ownership.ts';
import { initdbArguments } from './initdb-arguments.ts';
import { LocalServer } from './local-server.ts';
import { preparePlace, publishPlace, stagingOf, type InitPlace } from './place.ts';
import { runProgram } from '../programs/run.ts';
import { resolveSql } from './sql-references.ts';

export interface InitDeps {
  readonly kube: Pick<KubeApi, 'get'>;
  readonly environment: InstanceEnvironment;
  readonly log: Logger;
  /** For children with another `logger`. */
  readonly rootLog: Logger;
  readonly signal: AbortSignal;
}

interface Scripts {
  readonly postgres: string[];
  readonly template: string[];
  readonly application: string[];
}

async function scripts(deps: InitDeps, cluster: Cluster): Promise<Scripts> {
  const spec = cluster.spec.bootstrap?.initdb ?? {};
  const resolve = (references: Parameters<typeof resolveSql>[2]): Promise<string[]> =>
    resolveSql(deps.kube, deps.environment.namespace, references, deps.signal);
  return {
    postgres: [...(spec.postInitSQL ?? []), ...(await resolve(spec.postInitSQLRefs))],
    template: [...(spec.postInitTemplateSQL ?? []), ...(await resolve(spec.postInitTemplateSQLRefs))],
    application: [...(spec.postInitApplicationSQL ?? []), ...(await resolve(spec.postInitApplicationSQLRefs))],
  };
}

/** The owner's password as the server shall store it. */
async function ownerPassword({ kube, environment, signal }: InitDeps, cluster: Cluster): Promise<string> {
  const name = secretNames(cluster).application;
  const secret = await kube.get<Secret>(resource.secrets, { namespace: environment.namespace, name }, { signal });
  const password = secretValue(secret, 'password');
  if (password === undefined)
    throw new Error(`Secret "${name}" ${secret ? 'has no key "password"' : 'does not exist'}`);
  if (secret?.metadata?.annotations?.[annotation.passwordPassthrough] === 'enabled') return password;
  return scramVerifier(password) ?? password;
}

async function fill(server: LocalServer, deps: InitDeps, cluster: Cluster, sql: Scripts): Promise<void> {
  const target = application(cluster);
  await server.execute('postgres', systemRolesSql, 'creation of the system roles, statement');
  if (target) {
    const owner = quoteIdentifier(target.owner);
    // A placeholder first: an error in the statement would be logged with its text.
    await server.execute('postgres', [`CREATE ROLE ${owner} LOGIN`], `creation of the role ${owner}, statement`);
    const password = quoteLiteral(await ownerPassword(deps, cluster));
    await server.execute(
      'postgres',
      [`SET log_min_error_statement = 'panic'; ALTER ROLE ${owner} PASSWORD ${password}`],
      'password of the owner, statement',
    );
  }
  await server.execute('postgres', sql.postgres, 'postInitSQL, script');
  await server.execute('template1', sql.template, 'postInitTemplateSQL, script');
  if (!target) return;
  const database = quoteIdentifier(target.database);
  if (target.database !== 'postgres') {
    await server.execute(
      'postgres',
      [`CREATE DATABASE ${database} OWNER ${quoteIdentifier(target.owner)}`],
      `creation of the database ${database}, statement`,
    );
  }
  await server.execute(target.database, sql.application, 'postInitApplicationSQL, script');
}

/**
 * `howdah instance init`: makes PGDATA by initdb (reference §2.3). Everything happens in a directory beside it that is renamed as
 * the last step, so a run that was killed anywhere leaves nothing that the next one could mistake for whole.
 */
export async function runInit(deps: InitDeps): Promise<void> {
  const { kube, environment, log, signal } = deps;
  const { namespace, clusterName, paths } = environment;
  const cluster = await kube.get<Cluster>(resource.clusters, { namespace, name: clusterName }, { signal });
  if (!cluster) throw new Error(`Cluster "${clusterName}" does not exist`);
  const place: InitPlace = {
    data: paths.data,
    wal: cluster.spec.walStorage === undefined ? undefined : paths.wal,
    state: paths.state,
  };
  const owner = cluster.metadata.uid ?? randomUUID();
  if (await preparePlace(place, owner, log, new Date())) {
    log.info('The data directory is already there');
    return;
  }
  const staging = stagingOf(place);
  const sql = await scripts(deps, cluster);
  const [initdb, postgres] = await Promise.all([findProgram('initdb'), findProgram('postgres')]);
  await runProgram(
    initdb.file,
    [...initdbArguments(cluster.spec.bootstrap?.initdb ?? {}, { data: staging, wal: place.wal }), '--no-sync'],
    deps.rootLog.child({ logger: 'initdb' }),
    signal,
  );
  const files = configurationFiles({ cluster, environment, major: postgres.major, standby: false });
  await writeConfiguration(staging, files);
  {
    await using server = await LocalServer.start(
      postgres.file,
      staging,
      environment.port,
      deps.rootLog.child({ logger: 'postgres' }),
    );
    await fill(server, deps, cluster, sql);
    signal.throwIfAborted();
    await server.stop();
  }
  await writeFile(path.join(staging, emptyCheckFile), '');
  await runProgram(initdb.file, ['--sync-only', `--pgdata=${staging}`], log, signal);
  await publishPlace(place, owner);
  log.info({ major: postgres.major }, 'The data directory is initialized');
}
