import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeApi } from '../../kube/port.ts';
import { groupVersion, resource } from '../../kube/resource-types.ts';
import type { KubeObject, ResourceType } from '../../kube/types.ts';
import { UserError } from './config.ts';
import { packageRoot } from './program.ts';

const fieldManager = 'howdah-local';

const typeOf = (object: KubeObject): ResourceType => {
  const found = Object.values<ResourceType>(resource).find(
    (it) => it.kind === object.kind && groupVersion(it) === object.apiVersion,
  );
  if (!found) throw new UserError(`unknown kind ${object.apiVersion} ${object.kind}`);
  return found;
};

/** Applies objects one after another, each by server-side apply. */
export async function applyAll(api: KubeApi, objects: readonly KubeObject[], signal: AbortSignal): Promise<void> {
  for (const object of objects) await api.apply(typeOf(object), object, { fieldManager, signal });
}

/** The CustomResourceDefinitions that belong to this program. */
export async function readCrds(): Promise<KubeObject[]> {
  const directory = path.join(await packageRoot(), 'crds');
  const files = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((name) => readFile(path.join(directory, name), 'utf8')));
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubeObject))
    .filter(Boolean);
}
