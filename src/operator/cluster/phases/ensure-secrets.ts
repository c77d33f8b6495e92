import { applyIfChanged } from '../../../kube/apply.ts';
import type { Secret } from '../../../kube/objects.ts';
import { resource } from '../../../kube/resource-types.ts';
import {
  caSecret,
  fieldManager,
  readWriteService,
  replicationSecret,
  role,
  serverSecret,
  superuserSecret,
} from '../../../naming.ts';
import { createAuthority, type LeafRequest } from '../../../pki/x509.ts';
import { application, secretNames } from '../../../resources/secret-names.ts';
import {
  authoritySecret,
  certificateSecret,
  credentialsSecret,
  secretText,
  serverNames,
} from '../../../resources/secrets.ts';
import { TerminalError } from '../../errors.ts';
import { readAuthority, renewedAuthority, type Authority } from '../pki/authority.ts';
import { bundle, expiresWithin, expiry, goTime } from '../pki/certificate.ts';
import { type PairDemand, pairProblem } from '../pki/given-pair.ts';
import { renewedLeaf } from '../pki/leaf.ts';
import { decided, subjectCondition } from '../decided.ts';
import { randomPassword } from '../password.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { Scope } from '../scope.ts';

const get = ({ api, namespace, signal }: Scope, name: string): Promise<Secret | undefined> =>
  api.get<Secret>(resource.secrets, { namespace, name }, { signal });

const ownedBy = (scope: Scope, secret: Secret): boolean =>
  secret.metadata?.ownerReferences?.some(({ uid }) => uid === scope.cluster.metadata.uid) ?? false;

async function write(scope: Scope, object: Secret, existing: Secret | undefined): Promise<Secret> {
  if (existing === undefined) return scope.api.create<Secret>(resource.secrets, object, { signal: scope.signal });
  const request = { object, existing, fieldManager: fieldManager.operator, signal: scope.signal };
  return (await applyIfChanged(scope.api, resource.secrets, request)).object;
}

/** A Secret that the user said is there, with these keys in it. */
async function given(scope: Scope, field: string, name: string, keys: readonly string[]): Promise<Secret> {
  const secret = await get(scope, name);
  if (secret === undefined)
    throw new TerminalError(eventReason.secretNotFound, `${field}: there is no Secret "${name}"`);
  const missing = keys.filter((key) => (secretText(secret, key) ?? '') === '');
  if (missing.length > 0) {
    throw new TerminalError(eventReason.invalidSecret, `${field}: Secret "${name}" has no ${missing.join(', ')}`);
  }
  return secret;
}

/** A TLS Secret of the user's, checked before anybody loads it. */
async function givenPair(scope: Scope, field: string, name: string, demand: PairDemand): Promise<Secret> {
  const secret = await given(scope, field, name, ['tls.crt', 'tls.key']);
  const problem = pairProblem(secretText(secret, 'tls.crt') ?? '', secretText(secret, 'tls.key') ?? '', demand);
  if (problem !== undefined)
    throw new TerminalError(eventReason.invalidSecret, `${field}: Secret "${name}": ${problem}`);
  return secret;
}

/** Our own authority, made once and renewed early. */
async function ownAuthority(scope: Scope): Promise<{ authority: Authority; secret: Secret }> {
  const { configuration, cluster, now, name } = scope;
  const secretName = caSecret(name);
  const before = await get(scope, secretName);
  const days = configuration.certificateDays;
  let secret = before;
  if (before === undefined) {
    secret = await write(
      scope,
      authoritySecret(cluster, configuration, await createAuthority(secretName, days, now)),
      before,
    );
  } else {
    const authority = readAuthority(before);
    const request = { name: secretName, days, thresholdDays: configuration.expiringThresholdDays, now };
    const renewed =
      authority === undefined || !ownedBy(scope, before) ? undefined : await renewedAuthority(authority, request);
    if (renewed !== undefined) secret = await write(scope, authoritySecret(cluster, configuration, renewed), before);
  }
  const authority = readAuthority(secret);
  if (authority === undefined || secret === undefined) {
    throw new TerminalError(eventReason.invalidAuthority, `Secret "${secretName}" has no certificate in ca.crt`);
  }
  return { authority, secret };
}

async function givenAuthority(
  scope: Scope,
  field: string,
  name: string,
): Promise<{ authority: Authority; secret: Secret }> {
  const secret = await given(scope, field, name, ['ca.crt']);
  const authority = readAuthority(secret);
  if (authority === undefined)
    throw new TerminalError(eventReason.invalidAuthority, `${field}: ca.crt of Secret "${name}" is no certificate`);
  return { authority, secret };
}

async function leaf(
  scope: Scope,
  name: string,
  authority: Authority,
  request: Omit<LeafRequest, 'days' | 'now'>,
): Promise<Secret> {
  const { configuration, cluster, now } = scope;
  const before = await get(scope, name);
  const material = await renewedLeaf(before, authority, {
    ...request,
    days: configuration.certificateDays,
    thresholdDays: configuration.expiringThresholdDays,
    now,
  });
  if (material === undefined && before !== undefined) return before;
  if (material === undefined) throw new Error(`Secret "${name}": nothing was issued`);
  return write(scope, certificateSecret(cluster, configuration, name, material), before);
}

async function certificates(scope: Scope): Promise<Record<'serverCa' | 'clientCa' | 'server' | 'replication', Secret>> {
  const { cluster, configuration, name } = scope;
  const user = cluster.spec.certificates ?? {};
  const shared =
    user.serverCASecret === undefined || user.clientCASecret === undefined ? await ownAuthority(scope) : undefined;
  const authorityOf = async (field: 'serverCASecret' | 'clientCASecret') => {
    const secret = user[field];
    if (secret !== undefined) return givenAuthority(scope, `spec.certificates.${field}`, secret);
    if (shared === undefined) throw new Error('no authority');
    return shared;
  };
  const [serverCa, clientCa] = await Promise.all([authorityOf('serverCASecret'), authorityOf('clientCASecret')]);
  const [server, replication] = await Promise.all([
    user.serverTLSSecret !== undefined
      ? givenPair(scope, 'spec.certificates.serverTLSSecret', user.serverTLSSecret, {
          authority: serverCa.authority,
          dnsName: readWriteService(name),
        })
      : leaf(scope, serverSecret(name), serverCa.authority, {
          commonName: `${name}-rw`,
          dnsNames: serverNames(cluster, configuration),
          usages: ['server'],
        }),
    user.replicationTLSSecret !== undefined
      ? givenPair(scope, 'spec.certificates.replicationTLSSecret', user.replicationTLSSecret, {
          authority: clientCa.authority,
          commonName: role.replication,
        })
      : leaf(scope, replicationSecret(name), clientCa.authority, { commonName: role.replication, usages: ['client'] }),
  ]);
  return { serverCa: serverCa.secret, clientCa: clientCa.secret, server, replication };
}

async function applicationSecret(scope: Scope): Promise<Secret | undefined> {
  const { cluster, configuration } = scope;
  const wanted = application(cluster);
  if (wanted === undefined) return undefined;
  const { application: name } = secretNames(cluster);
  if (wanted.secret !== undefined) {
    const method = Object.keys(cluster.spec.bootstrap ?? {})[0] ?? 'initdb';
    return given(scope, `spec.bootstrap.${method}.secret.name`, name, ['username', 'password']);
  }
  const before = await get(scope, name);
  if (before !== undefined) return before;
  const { database, owner: username } = wanted;
  const credentials = { username, password: randomPassword(), database, userType: 'app' } as const;
  return write(scope, credentialsSecret(cluster, configuration, name, credentials), undefined);
}

async function superuserCredentials(scope: Scope): Promise<Secret | undefined> {
  const { cluster, configuration, api, namespace, signal } = scope;
  const { superuserSecret: user, enableSuperuserAccess: enabled } = cluster.spec;
  const name = superuserSecret(scope.name);
  if (user !== undefined) return given(scope, 'spec.superuserSecret.name', user.name, ['username', 'password']);
  const before = await get(scope, name);
  if (enabled === true) {
    if (before !== undefined) return before;
    const credentials = {
      username: role.superuser,
      password: randomPassword(),
      database: '*',
      userType: 'superuser',
    } as const;
    return write(scope, credentialsSecret(cluster, configuration, name, credentials), undefined);
  }
  // Only what we generated ourselves: the specification says that nobody shall have the password any more.
  if (before !== undefined && ownedBy(scope, before)) {
    const preconditions = { uid: before.metadata?.uid ?? '' };
    await api.delete(resource.secrets, { namespace, name }, { preconditions, signal });
  }
  return undefined;
}

const certificateIn = (secret: Secret) => bundle(secretText(secret, 'tls.crt') ?? secretText(secret, 'ca.crt'))[0];

/** Ours are renewed in time. The user's, and those whose authority's key only the user has, are for people to renew. */
function warnOfEnds(scope: Scope, secrets: readonly Secret[]): void {
  const { cluster, configuration, now } = scope;
  const ending = new Map(
    secrets.flatMap((secret) => {
      const certificate = certificateIn(secret);
      if (!certificate || !expiresWithin(certificate, configuration.expiringThresholdDays, now)) return [];
      return [[secret.metadata?.name ?? '', `Secret "${secret.metadata?.name}" until ${goTime(expiry(certificate))}`]];
    }),
  );
  if (ending.size > 0) {
    const message = `certificates are valid no longer than this: ${[...ending.values()].join('; ')}`;
    const event = { type: 'Warning', reason: eventReason.secretExpiring } as const;
    return decided(scope, 'Certificates', { rule: 'secret-is-expiring', status: 'False', message, event });
  }
  const type = subjectCondition('Certificates');
  if (cluster.status?.conditions?.some((condition) => condition.type === type) !== true) return;
  decided(scope, 'Certificates', { rule: 'certificates-are-valid', status: 'True', message: 'none ends soon' });
}

const version = (secret: Secret | undefined): string | undefined => secret?.metadata?.resourceVersion;
const defined = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

/** Certificates and passwords: made where missing, renewed where old; the user's own ones are checked. */
export async function ensureSecrets(scope: Scope): Promise<PhaseResult> {
  const { serverCa, clientCa, server, replication } = await certificates(scope);
  const [app, superuser] = await Promise.all([applicationSecret(scope), superuserCredentials(scope)]);
  const names = secretNames(scope.cluster);
  const expirations = Object.fromEntries(
    [serverCa, clientCa, server, replication].flatMap((secret) => {
      const certificate = certificateIn(secret);
      return certificate === undefined ? [] : [[secret.metadata?.name ?? '', goTime(expiry(certificate))]];
    }),
  );
  warnOfEnds(scope, [serverCa, clientCa, server, replication]);
  const alternative = scope.cluster.spec.certificates?.serverAltDNSNames;
  scope.report.set({
    certificates: {
      serverCASecret: names.serverCa,
      serverTLSSecret: names.server,
      clientCASecret: names.clientCa,
      replicationTLSSecret: names.replication,
      ...(alternative === undefined ? {} : { serverAltDNSNames: alternative }),
      expirations,
    },
    secretsResourceVersion: defined({
      superuserSecretVersion: version(superuser),
      replicationSecretVersion: version(replication),
      applicationSecretVersion: version(app),
      clientCaSecretVersion: version(clientCa),
      serverCaSecretVersion: version(serverCa),
      serverSecretVersion: version(server),
    }) as Record<string, string>,
  });
  return goOn;
}
