import { createHash, randomUUID } from 'node:crypto';
import path from 'node:path';
import { ConfigError, containerEnvironment, expand } from '../container/environment.ts';
import { markerVariable } from '../container/processes.ts';
import { buildRoot, insideVolume, pathPrefixer, rootPath, type Link } from '../container/root.ts';
import { startContainer, type Started, type User } from '../container/start.ts';
import { makeMessageFile } from '../container/termination-message.ts';
import type { NodeContext } from './context.ts';
import type { LocalImage } from './images.ts';
import type { PodFacts } from '../model/downward.ts';
import type { Run } from '../model/records.ts';
import { allContainers, type Container, type Pod } from '../model/types.ts';

/** A container that cannot be started for a reason that belongs in its status. */
export class LaunchError extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

export const marker = (pod: Pod, container: string, attempt: number): string =>
  `${pod.metadata.uid}/${container}/${attempt}`;

/** What is ready to be started. */
export interface Launch {
  readonly run: Run;
  start(): Promise<Started>;
}

async function links(
  container: Container,
  image: LocalImage,
  volumes: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string>>,
  user: User | undefined,
): Promise<Link[]> {
  const found: Link[] = Object.entries(image.links).map(([at, to]) => ({ at, to }));
  for (const mount of container.volumeMounts ?? []) {
    const volume = volumes.get(mount.name);
    if (volume === undefined) throw new ConfigError(`there is no volume "${mount.name}"`);
    const subPath = mount.subPath ?? (mount.subPathExpr === undefined ? '' : expand(mount.subPathExpr, env));
    found.push({ at: mount.mountPath, to: subPath === '' ? volume : await insideVolume(volume, subPath, user) });
  }
  return found;
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function baseEnvironment(context: NodeContext, pod: Pod, image: LocalImage): Record<string, string> {
  return {
    PATH: [...image.path, systemPath].join(':'),
    HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
    ...context.environment,
    ...image.env,
  };
}

async function resolveImage(context: NodeContext, image: string): Promise<LocalImage> {
  try {
    return await context.images.resolve(image);
  } catch (error) {
    throw new LaunchError('ErrImagePull', error instanceof Error ? error.message : String(error));
  }
}

export function containerRoot(context: NodeContext, pod: Pod, container: string): string {
  const { namespace, name } = pod.metadata;
  return rootPath(context.roots, context.facts.name, namespace, name, container);
}

/** The function that puts the container's root in front of its paths (root.ts). */
export async function prefixerOf(context: NodeContext, pod: Pod, name: string): Promise<(text: string) => string> {
  const container = allContainers(pod.spec).find((one) => one.name === name);
  if (!container) return (text) => text;
  const image = await resolveImage(context, container.image);
  return pathPrefixer(containerRoot(context, pod, name), container, Object.keys(image.links));
}

/** Makes a container's root and environment. Rejects with a LaunchError. */
export async function prepareLaunch(
  context: NodeContext,
  facts: PodFacts,
  container: Container,
  attempt: number,
  volumes: ReadonlyMap<string, string>,
): Promise<Launch> {
  const { pod, podIp } = facts;
  const image = await resolveImage(context, container.image);
  const root = containerRoot(context, pod, container.name);
  const command = [...(container.command ?? []), ...(container.args ?? [])];
  if (command.length === 0) {
    throw new LaunchError(
      'CreateContainerError',
      `howdah local has no entry point of image "${container.image}": the container must have a command`,
    );
  }
  try {
    const asked = await containerEnvironment(
      facts,
      container,
      context.mounter.sources.data,
      baseEnvironment(context, pod, image),
    );
    await buildRoot(root, await links(container, image, volumes, asked, context.user), context.user);
    const message = await makeMessageFile(root, container, context.user);
    const paths = [...Object.keys(image.links), ...(message === undefined ? [] : [message])];
    const prefix = pathPrefixer(root, container, paths);
    const id = marker(pod, container.name, attempt);
    const cwd = container.workingDir === undefined ? root : prefix(container.workingDir);
    const env: Record<string, string> = {
      HOME: root,
      ...Object.fromEntries(
        Object.entries(asked).map(([name, value]) => [name, name === 'PATH' ? value : prefix(value)]),
      ),
      PWD: cwd,
      HOWDAH_ROOT: root,
      HOWDAH_BIND: podIp,
      [markerVariable]: id,
    };
    const request = {
      shim: context.directory.shim,
      setsid: context.setsid,
      directory: context.directory.container(pod.metadata.uid, container.name, attempt),
      command: command.map((word) => prefix(expand(word, asked))),
      env,
      cwd: path.resolve(root, cwd),
      ...(context.user ? { user: context.user } : {}),
    };
    const run: Run = {
      attempt,
      id: createHash('sha256').update(id).update(randomUUID()).digest('hex'),
      image: container.image,
      startedAt: context.now().toISOString(),
      started: !container.startupProbe,
      ready: !container.startupProbe && !container.readinessProbe,
    };
    return { run, start: () => startContainer(request) };
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    throw new LaunchError('CreateContainerConfigError', error instanceof Error ? error.message : String(error));
  }
}
