import { randomBytes } from 'node:crypto';
import { chown, lstat, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeError, alreadyExists, isNotFound } from '../../kube/errors.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject } from '../../kube/types.ts';
import { type Action, nameOf, uidOf } from './action.ts';
import type { WatchedKind, World } from './world.ts';

export interface Performer {
  readonly api: KubeApi;
  readonly world: World;
  readonly events: EventRecorder;
  /** Volumes are made and removed below this directory only. */
  readonly volumeRoot: string;
  /** Owner of volumes; absent: we ourselves. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const seenWithin = 3_000;
const version = (object: KubeObject | undefined): number => Number(object?.metadata?.resourceVersion ?? 0);

/** Waits until our copy shows what we wrote: the next plan must not be made from the state before. */
async function seen(world: World, kind: WatchedKind, written: KubeObject, signal: AbortSignal): Promise<void> {
  const store = world[kind];
  const deadline = performance.now() + seenWithin;
  let appeared = false;
  while (performance.now() < deadline) {
    const current = store.get(written.metadata?.namespace, nameOf(written)) as KubeObject | undefined;
    if (current && version(current) >= version(written)) return;
    // It was there and is gone again, or this was the write that let it go.
    if (!current && (appeared || written.metadata?.deletionTimestamp !== undefined)) return;
    appeared ||= current !== undefined && uidOf(current) === uidOf(written);
    await sleep(5, undefined, { signal });
  }
}

async function makeDirectory({ volumeRoot, user }: Performer, directory: string): Promise<void> {
  assertWithin(volumeRoot, directory);
  await mkdir(path.dirname(directory), { recursive: true, mode: 0o711 });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (user) await chown(directory, user.uid, user.gid);
}

function assertWithin(root: string, directory: string): void {
  if (!directory.startsWith(`${root}${path.sep}`) || directory.includes('..')) {
    throw new Error(`volume ${directory} is not below ${root}: it is left alone`);
  }
}

async function removeVolume(
  by: Performer,
  action: Action & { do: 'removeVolume' },
  signal: AbortSignal,
): Promise<void> {
  assertWithin(by.volumeRoot, action.path);
  // Data is removed on the word of the API server, never on that of a copy which may be old.
  const [claim, volume] = await Promise.all([
    by.api.get(resource.persistentVolumeClaims, action.claim, { signal }),
    by.api.get<KubeObject & { status?: { phase?: string } }>(
      resource.persistentVolumes,
      { name: action.name },
      { signal },
    ),
  ]);
  if (claim && uidOf(claim) === action.claim.uid) throw new Error(`claim ${action.claim.name} still exists`);
  if (volume && volume.status?.phase !== 'Released') throw new Error(`volume ${action.name} is not Released`);
  const there = await lstat(action.path).catch(() => undefined);
  if (!there?.isDirectory()) return;
  // By another name first: a half removed volume is never found under its own.
  const doomed = `${action.path}.removed-${randomBytes(3).toString('hex')}`;
  await rename(action.path, doomed);
  await rm(doomed, { recursive: true, force: true });
}

async function one(by: Performer, action: Action, signal: AbortSignal): Promise<void> {
  const { api, world } = by;
  switch (action.do) {
    case 'create': {
      const made = await api.create(resource[action.kind], action.object, { signal }).catch((error: unknown) => {
        if (alreadyExists(error)) return undefined;
        throw error;
      });
      return made && seen(world, action.kind, made, signal);
    }
    case 'patch':
      return seen(
        world,
        action.kind,
        await api.patch(resource[action.kind], action.key, action.patch, { signal }),
        signal,
      );
    case 'patchStatus':
      return seen(
        world,
        action.kind,
        await api.patchStatus(resource[action.kind], action.key, action.patch, { signal }),
        signal,
      );
    case 'delete': {
      const options = { ...action.options, preconditions: { uid: action.uid }, signal };
      return void (await api.delete(resource[action.kind], action.key, options));
    }
    case 'bind':
      return bind(by, action, signal);
    case 'event':
      return by.events.emit(action.about, action.event);
    case 'makeDirectory':
      return makeDirectory(by, action.path);
    case 'removeVolume':
      return removeVolume(by, action, signal);
    default:
      return action satisfies never;
  }
}

async function bind({ api, world }: Performer, action: Action & { do: 'bind' }, signal: AbortSignal): Promise<void> {
  const { namespace = '', name } = action.key;
  const pathname = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/binding`;
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid: action.uid },
    target: { apiVersion: 'v1', kind: 'Node', name: action.node },
  };
  const answer = await api.raw('POST', pathname, { body, signal });
  if (answer.status === 404) return;
  if (answer.status > 299)
    throw new KubeError(answer.status, JSON.parse(answer.body) as object, `bind ${namespace}/${name}`);
  const deadline = performance.now() + seenWithin;
  while (performance.now() < deadline) {
    const pod = world.pods.get(namespace, name);
    if (!pod || pod.spec?.nodeName !== undefined) return;
    await sleep(5, undefined, { signal });
  }
}

/** Does what a plan says, in order. An object that has gone meanwhile is no error; a conflict is one and makes a new plan. */
export async function perform(by: Performer, actions: readonly Action[], signal: AbortSignal): Promise<void> {
  for (const action of actions) {
    try {
      await one(by, action, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
