// Secrets, ConfigMaps, tokens and claims, read from the API server when a pod needs them.
import path from 'node:path';
import { KubeError } from '../../../kube/errors.ts';
import type { KubeApi } from '../../../kube/port.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { KubeObject } from '../../../kube/types.ts';
import type { DataSource } from '../container/environment.ts';
import type { PodFacts } from '../model/downward.ts';
import type { TokenSource } from '../model/types.ts';
import { MountError, type ClaimSource } from './mount.ts';
import type { Token, TokenIssuer } from './sources.ts';

const callMs = 10_000;
const limit = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(callMs) });

const decoded = (data: Readonly<Record<string, string>> = {}, encoding: BufferEncoding): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)]));

/** What was read last serves while the API server gives no answer; an answer "not there" is one. */
async function lastKnown<T>(
  cache: Map<string, T>,
  key: string,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    const found = await read();
    if (found) cache.set(key, found);
    else cache.delete(key);
    return found;
  } catch (error) {
    const known = cache.get(key);
    if (known && error instanceof KubeError && (error.code === 0 || error.code >= 500)) return known;
    throw error;
  }
}

export function apiDataSource(api: KubeApi): DataSource {
  const cache = new Map<string, Record<string, Buffer>>();
  type Holder = KubeObject & { data?: Record<string, string>; binaryData?: Record<string, string> };
  return {
    secret: (namespace, name) =>
      lastKnown(cache, `secret ${namespace}/${name}`, async () => {
        const found = await api.get<Holder>(resource.secrets, { namespace, name }, limit());
        return found && decoded(found.data, 'base64');
      }),
    configMap: (namespace, name) =>
      lastKnown(cache, `configmap ${namespace}/${name}`, async () => {
        const found = await api.get<Holder>(resource.configMaps, { namespace, name }, limit());
        return found && { ...decoded(found.data, 'utf8'), ...decoded(found.binaryData, 'base64') };
      }),
  };
}

interface Claim extends KubeObject {
  spec?: { volumeName?: string };
  status?: { phase?: string };
}
interface Volume extends KubeObject {
  spec?: { hostPath?: { path: string }; local?: { path: string } };
}

export function apiClaimSource(api: KubeApi, volumesRoot: string): ClaimSource {
  return {
    async directory({ pod }: PodFacts, claimName: string) {
      const { namespace } = pod.metadata;
      const claim = await api.get<Claim>(resource.persistentVolumeClaims, { namespace, name: claimName }, limit());
      if (!claim) throw new MountError(`persistentvolumeclaim "${claimName}" not found`);
      const name = claim.spec?.volumeName;
      if (name === undefined || claim.status?.phase !== 'Bound') {
        throw new MountError(`persistentvolumeclaim "${claimName}" is not bound`);
      }
      const volume = await api.get<Volume>(resource.persistentVolumes, { name }, limit());
      if (!volume) throw new MountError(`persistentvolume "${name}" not found`);
      return volume.spec?.hostPath?.path ?? volume.spec?.local?.path ?? path.join(volumesRoot, path.basename(name));
    },
  };
}

/** Tokens are asked for again after 80 % of their life. */
export function apiTokenIssuer(api: KubeApi, now: () => number = Date.now): TokenIssuer {
  const issued = new Map<string, Token>();
  return {
    async issue({ pod }: PodFacts, source: TokenSource): Promise<Token> {
      const { namespace, name, uid } = pod.metadata;
      const account = pod.spec.serviceAccountName ?? 'default';
      const key = [uid, account, source.audience ?? '', source.expirationSeconds ?? 3600].join('\0');
      const known = issued.get(key);
      if (known && now() < known.issuedAt + (known.expiresAt - known.issuedAt) * 0.8) return known;
      const answer = await api.raw(
        'POST',
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`,
        {
          ...limit(),
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: {
              ...(source.audience === undefined ? {} : { audiences: [source.audience] }),
              expirationSeconds: source.expirationSeconds ?? 3600,
              boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
            },
          },
        },
      );
      if (answer.status > 299) throw new MountError(`no token for service account "${account}": HTTP ${answer.status}`);
      const { status } = JSON.parse(answer.body) as { status: { token: string; expirationTimestamp: string } };
      const token = { token: status.token, issuedAt: now(), expiresAt: Date.parse(status.expirationTimestamp) };
      issued.set(key, token);
      for (const [other, { expiresAt }] of issued) if (expiresAt < now()) issued.delete(other);
      return token;
    },
  };
}
