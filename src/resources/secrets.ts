import type { Secret } from '../kube/objects.ts';
import { label } from '../labels.ts';
import { caSecret, port, readOnlyService, readService, readWriteService } from '../naming.ts';
import { clusterName, clusterNamespace, objectMetadata } from './metadata.ts';
import type { BuildSettings, Cluster } from './model.ts';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const encoded = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));

/** The value of a key of a Secret, or undefined. */
export const secretText = (secret: Secret | undefined, key: string): string | undefined => {
  const value = secret?.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
};

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export const authoritySecret = (cluster: Cluster, settings: BuildSettings, authority: Pair): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: objectMetadata(cluster, settings, caSecret(clusterName(cluster)), { labels: { [label.reload]: 'true' } }),
  type: 'Opaque',
  data: encoded({ 'ca.crt': authority.certificate, 'ca.key': authority.key }),
});

/** A certificate with its authority's beside it, so that nobody needs the Secret with the authority's key to verify a peer. */
export const certificateSecret = (
  cluster: Cluster,
  settings: BuildSettings,
  name: string,
  material: Pair & { authority: string },
): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: objectMetadata(cluster, settings, name, { labels: { [label.reload]: 'true' } }),
  type: 'kubernetes.io/tls',
  data: encoded({ 'tls.crt': material.certificate, 'tls.key': material.key, 'ca.crt': material.authority }),
});

/** Names that a server certificate holds (reference §2.22). */
export function serverNames(cluster: Cluster, settings: BuildSettings): string[] {
  const name = clusterName(cluster);
  const namespace = clusterNamespace(cluster);
  const services = [readWriteService(name), readService(name), readOnlyService(name)];
  const suffixes = ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.${settings.clusterDomain}`];
  const generated = services.flatMap((service) => suffixes.map((suffix) => service + suffix));
  return [...new Set([...generated, ...(cluster.spec.certificates?.serverAltDNSNames ?? [])])];
}

/** A field of a .pgpass line (PostgreSQL documentation, "The Password File"). */
const pgpassField = (value: string): string => value.replace(/[\\:]/g, '\\$&');

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** `*` for the superuser's. */
  readonly database: string;
  readonly userType: 'app' | 'superuser';
}

/** A basic-auth Secret with everything that an application needs to connect (reference §2.3). */
export function credentialsSecret(
  cluster: Cluster,
  settings: BuildSettings,
  name: string,
  { username, password, database, userType }: Credentials,
): Secret {
  const host = readWriteService(clusterName(cluster));
  const namespaced = `${host}.${clusterNamespace(cluster)}`;
  const full = `${namespaced}.svc.${settings.clusterDomain}`;
  const [user, secret, db] = [username, password, database].map(encodeURIComponent) as [string, string, string];
  const path = database === '*' ? '*' : db;
  const uri = (at: string): string => `postgresql://${user}:${secret}@${at}:${port.postgres}/${path}`;
  const jdbc = (at: string): string =>
    `jdbc:postgresql://${at}:${port.postgres}/${path}?password=${secret}&user=${user}`;
  const pgpass = [host, String(port.postgres), database, username, password].map(pgpassField).join(':');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: objectMetadata(cluster, settings, name, {
      labels: { [label.reload]: 'true', [label.userType]: userType },
    }),
    type: 'kubernetes.io/basic-auth',
    data: encoded({
      username,
      user: username,
      password,
      dbname: database,
      host,
      port: String(port.postgres),
      pgpass: `${pgpass}\n`,
      uri: uri(namespaced),
      'jdbc-uri': jdbc(namespaced),
      'fqdn-uri': uri(full),
      'fqdn-jdbc-uri': jdbc(full),
    }),
  };
}
