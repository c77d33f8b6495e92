import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from './types.ts';

export interface Exit {
  readonly code: number;
  readonly reason: string;
  readonly message?: string;
  readonly finishedAt: string;
}

/** One run of a container. */
export interface Run {
  /** 0 for the first; also the restartCount of Kubernetes. */
  readonly attempt: number;
  readonly id: string;
  readonly image: string;
  readonly startedAt: string;
  /** The shim's process; start time in clock ticks after boot, which together with the pid names a process for good. */
  process?: { readonly pid: number; readonly startTicks: string };
  /** Startup probe passed (or there is none). */
  started: boolean;
  ready: boolean;
  /** The postStart hook was called. */
  hooked?: boolean;
  exit?: Exit;
}

export interface ContainerRecord {
  run: Run;
  previous?: Run;
  /** Seconds to wait after the run's end before the next; 0 while nothing went wrong. */
  backOff: number;
}

/** What a node knows of a pod and must not forget when its process ends. */
export interface PodRecord {
  /** As last seen from the API server. */
  pod: Pod;
  ip: string;
  startTime: string;
  containers: Record<string, ContainerRecord>;
  /** Volume name → directory on the machine, of those that were mounted: a container restarts also while the API server is away. */
  volumes: Record<string, string>;
  /** Set once and for good: the pod ends as Failed for this reason (DeadlineExceeded, …). */
  failed?: { readonly reason: string; readonly message: string };
  /** When the containers' end was first asked for. */
  terminatingSince?: string;
}

/** A node's directory. */
export interface NodeDirectory {
  readonly root: string;
  readonly shim: string;
  readonly addresses: string;
  readonly pods: string;
  readonly pod: (uid: string) => string;
  readonly container: (uid: string, name: string, attempt: number) => string;
  readonly volume: (uid: string, name: string) => string;
}

export function nodeDirectory(root: string): NodeDirectory {
  const pods = path.join(root, 'pods');
  const pod = (uid: string): string => path.join(pods, uid);
  return {
    root,
    shim: path.join(root, 'shim.sh'),
    addresses: path.join(root, 'addresses.json'),
    pods,
    pod,
    container: (uid, name, attempt) => path.join(pod(uid), 'containers', name, String(attempt)),
    volume: (uid, name) => path.join(pod(uid), 'volumes', name),
  };
}

export async function writeAtomically(file: string, text: string, mode = 0o600): Promise<void> {
  await writeFile(`${file}.new`, text, { mode });
  await rename(`${file}.new`, file);
}

const recordFile = (directory: NodeDirectory, uid: string): string => path.join(directory.pod(uid), 'record.json');

export async function saveRecord(directory: NodeDirectory, record: PodRecord): Promise<void> {
  const { uid } = record.pod.metadata;
  await mkdir(directory.pod(uid), { recursive: true, mode: 0o711 });
  await writeAtomically(recordFile(directory, uid), JSON.stringify(record));
}

export async function removeRecord(directory: NodeDirectory, uid: string): Promise<void> {
  await rm(directory.pod(uid), { recursive: true, force: true, maxRetries: 3 });
}

/** Every pod that this node had when its process ended. A directory without a readable record belongs to a pod that never started. */
export async function loadRecords(directory: NodeDirectory): Promise<PodRecord[]> {
  const uids = await readdir(directory.pods).catch(() => []);
  const records: PodRecord[] = [];
  for (const uid of uids) {
    try {
      const record = JSON.parse(await readFile(recordFile(directory, uid), 'utf8')) as PodRecord;
      // A program of an earlier version has not written what came later.
      records.push({ ...record, volumes: record.volumes ?? {} });
    } catch {
      await removeRecord(directory, uid);
    }
  }
  return records;
}
