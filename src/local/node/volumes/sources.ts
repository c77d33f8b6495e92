import { ConfigError, type DataSource } from '../container/environment.ts';
import { fieldValue, resourceValue, type PodFacts } from '../model/downward.ts';
import type { DownwardFile, KeyToPath, ProjectedSource, TokenSource, Volume } from '../model/types.ts';
import type { ProjectedFile } from './atomic-directory.ts';

export interface Token {
  readonly token: string;
  readonly expiresAt: number;
  readonly issuedAt: number;
}

export interface TokenIssuer {
  issue(facts: PodFacts, source: TokenSource): Promise<Token>;
}

export interface Sources {
  readonly data: DataSource;
  readonly tokens: TokenIssuer;
}

const defaultMode = 0o644;

function safe(name: string): string {
  if (name.startsWith('/') || name.split('/').some((part) => part === '..' || part === '')) {
    throw new ConfigError(`"${name}" is not a path below a volume`);
  }
  return name;
}

interface KeyedSource {
  readonly kind: 'secret' | 'configmap';
  readonly name: string;
  readonly items?: readonly KeyToPath[] | undefined;
  readonly optional?: boolean | undefined;
}

async function keyedFiles(
  facts: PodFacts,
  source: KeyedSource,
  data: DataSource,
  mode: number,
): Promise<ProjectedFile[]> {
  const { namespace } = facts.pod.metadata;
  const found = await (source.kind === 'secret'
    ? data.secret(namespace, source.name)
    : data.configMap(namespace, source.name));
  if (!found) {
    if (source.optional === true) return [];
    throw new ConfigError(`${source.kind} "${source.name}" not found`);
  }
  const items = source.items ?? Object.keys(found).map((key) => ({ key, path: key, mode: undefined }));
  return items.flatMap((item) => {
    const value = found[item.key];
    if (value) return [{ path: safe(item.path), data: value, mode: item.mode ?? mode }];
    if (source.optional === true) return [];
    throw new ConfigError(`references non-existent key ${item.key} of ${source.kind} "${source.name}"`);
  });
}

function downwardFiles(facts: PodFacts, items: readonly DownwardFile[] = [], mode: number): ProjectedFile[] {
  return items.map((item) => {
    const value = item.fieldRef
      ? fieldValue(facts, item.fieldRef.fieldPath)
      : item.resourceFieldRef && resourceValue(facts, item.resourceFieldRef, item.resourceFieldRef.containerName ?? '');
    if (value === undefined) throw new ConfigError(`downwardAPI file ${item.path} has an unsupported source`);
    return { path: safe(item.path), data: Buffer.from(value), mode: item.mode ?? mode };
  });
}

async function projected(
  facts: PodFacts,
  source: ProjectedSource,
  sources: Sources,
  mode: number,
): Promise<ProjectedFile[]> {
  if (source.secret) return keyedFiles(facts, { kind: 'secret', name: '', ...source.secret }, sources.data, mode);
  if (source.configMap)
    return keyedFiles(facts, { kind: 'configmap', name: '', ...source.configMap }, sources.data, mode);
  if (source.downwardAPI) return downwardFiles(facts, source.downwardAPI.items, mode);
  if (!source.serviceAccountToken) throw new ConfigError('a projected volume has a source that is not supported');
  const { token } = await sources.tokens.issue(facts, source.serviceAccountToken);
  return [{ path: safe(source.serviceAccountToken.path), data: Buffer.from(token), mode: 0o600 }];
}

/** Whether the volume's files come from the API server, so that they are refreshed while the pod runs. */
export const isProjection = (volume: Volume): boolean =>
  Boolean(volume.secret ?? volume.configMap ?? volume.projected ?? volume.downwardAPI);

/** The files that a volume of such a kind shows now. */
export async function volumeFiles(facts: PodFacts, volume: Volume, sources: Sources): Promise<ProjectedFile[]> {
  const { secret, configMap, downwardAPI } = volume;
  if (secret) {
    const { secretName: name, items, optional } = secret;
    return keyedFiles(
      facts,
      { kind: 'secret', name, items, optional },
      sources.data,
      secret.defaultMode ?? defaultMode,
    );
  }
  if (configMap) {
    return keyedFiles(facts, { kind: 'configmap', ...configMap }, sources.data, configMap.defaultMode ?? defaultMode);
  }
  if (downwardAPI) return downwardFiles(facts, downwardAPI.items, downwardAPI.defaultMode ?? defaultMode);
  const mode = volume.projected?.defaultMode ?? defaultMode;
  const lists = await Promise.all(
    (volume.projected?.sources ?? []).map((source) => projected(facts, source, sources, mode)),
  );
  return lists.flat();
}
