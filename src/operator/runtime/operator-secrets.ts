import { X509Certificate } from 'node:crypto';
import { alreadyExists } from '../../kube/errors.ts';
import type { Secret } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { operatorCaSecret, operatorClientSecret, webhookCertificateSecret, webhookService } from '../../naming.ts';
import { createAuthority, type LeafRequest } from '../../pki/x509.ts';
import { secretText } from '../../resources/secrets.ts';
import { readAuthority, renewedAuthority, type Authority } from '../cluster/pki/authority.ts';
import { renewedLeaf } from '../cluster/pki/leaf.ts';
import type { OperatorIdentity } from '../cluster/identity.ts';
import type { OperatorConfiguration } from '../config.ts';

export interface OperatorCertificates {
  /** What the API server is to trust for the webhooks: the authority, never the leaf. */
  readonly caBundle: string;
  readonly webhook: { readonly certificate: string; readonly key: string };
  readonly identity: OperatorIdentity;
}

interface Context {
  readonly api: KubeApi;
  readonly configuration: OperatorConfiguration;
  readonly now: Date;
  readonly signal: AbortSignal;
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

const get = ({ api, configuration, signal }: Context, name: string): Promise<Secret | undefined> =>
  api.get<Secret>(resource.secrets, { namespace: configuration.namespace, name }, { signal });

/** Creates or replaces; when another replica of the operator was quicker, its version counts. */
async function put(context: Context, name: string, type: string, values: Record<string, string>, before?: Secret) {
  const { api, configuration, signal } = context;
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  const metadata = { ...before?.metadata, name, namespace: configuration.namespace };
  const object: Secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: before?.type ?? type, data };
  try {
    return before === undefined
      ? await api.create<Secret>(resource.secrets, object, { signal })
      : await api.replace<Secret>(resource.secrets, object, { signal });
  } catch (error) {
    const now = alreadyExists(error) ? await get(context, name) : undefined;
    if (now === undefined) throw error;
    return now;
  }
}

async function authority(context: Context): Promise<Authority> {
  const { configuration, now } = context;
  const before = await get(context, operatorCaSecret);
  const known = readAuthority(before);
  const request = {
    name: operatorCaSecret,
    days: configuration.certificateDays,
    thresholdDays: configuration.expiringThresholdDays,
    now,
  };
  const fresh =
    known?.signer === undefined
      ? await createAuthority(request.name, request.days, now)
      : await renewedAuthority(known, request);
  if (fresh === undefined && known !== undefined) return known;
  if (fresh === undefined) throw new Error(`Secret ${operatorCaSecret}: no authority`);
  const values = { 'ca.crt': fresh.certificate, 'ca.key': fresh.key };
  const read = readAuthority(await put(context, operatorCaSecret, 'Opaque', values, before));
  if (read === undefined) throw new Error(`Secret ${operatorCaSecret} has no certificate in ca.crt`);
  return read;
}

async function leaf(context: Context, name: string, from: Authority, request: Omit<LeafRequest, 'days' | 'now'>) {
  const { configuration, now } = context;
  const before = await get(context, name);
  const material = await renewedLeaf(before, from, {
    ...request,
    days: configuration.certificateDays,
    thresholdDays: configuration.expiringThresholdDays,
    now,
  });
  const values = material && { 'tls.crt': material.certificate, 'tls.key': material.key, 'ca.crt': material.authority };
  const secret = values === undefined ? before : await put(context, name, 'kubernetes.io/tls', values, before);
  return { certificate: secretText(secret, 'tls.crt') ?? '', key: secretText(secret, 'tls.key') ?? '' };
}

export const fingerprintOf = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();

/** The operator's own certificates, kept in Secrets so that they outlive it; called again from time to time to renew them. */
export async function operatorCertificates(context: Context): Promise<OperatorCertificates> {
  const { namespace, clusterDomain } = context.configuration;
  const ca = await authority(context);
  const service = `${webhookService}.${namespace}`;
  const dnsNames = [webhookService, service, `${service}.svc`, `${service}.svc.${clusterDomain}`];
  const webhook = await leaf(context, webhookCertificateSecret, ca, {
    commonName: `${service}.svc`,
    dnsNames,
    usages: ['server'],
  });
  const client = await leaf(context, operatorClientSecret, ca, { commonName: 'howdah-operator', usages: ['client'] });
  return { caBundle: ca.trusted, webhook, identity: { ...client, fingerprint: fingerprintOf(client.certificate) } };
}
