import type { Job, PersistentVolumeClaim, Pod } from '../../kube/objects.ts';
import type { ClaimRole } from '../../resources/claim.ts';
import type { JobRole } from '../../labels.ts';
import type { StatusAnswer } from './instance-status.ts';
import type { Leadership } from './leadership.ts';

export type JobState = 'running' | 'succeeded' | 'failed';

export interface JobFact {
  readonly job: Job;
  readonly role: JobRole;
  readonly state: JobState;
  /** A pod of it has its place on a node, and has not ended. */
  readonly placed: boolean;
  /** Pods of it that have failed, and what the last of them said. */
  readonly failures: number;
  readonly message: string;
}

/** All that exists of one instance: claims, Jobs that fill them, the pod. An instance is there as long as one claim is. */
export interface Instance {
  readonly name: string;
  readonly serial: number;
  readonly claims: readonly PersistentVolumeClaim[];
  /** Claims that it should have and has not. */
  readonly missing: readonly ClaimRole[];
  readonly terminating: boolean;
  /** The claim of the data says that it was filled: there may be the only copy of somebody's data in it. */
  readonly filled: boolean;
  /** Somebody recorded that it is to go. */
  readonly removal: string | undefined;
  /** Kept by a person, to be left alone. */
  readonly detached: boolean;
  /** The claim of the data is lost while another, filled one is left: nothing is made of it, and nothing deleted. */
  readonly unusable: boolean;
  readonly pod: Pod | undefined;
  readonly job: JobFact | undefined;
  readonly answer: StatusAnswer | undefined;
}

export interface World {
  /** The cluster's lease, read after the instances had answered; undefined before anybody claimed it. */
  readonly lease?: Leadership;
  /** Who held it before they were asked. */
  readonly holderBefore?: string;
  /** By serial. */
  readonly instances: readonly Instance[];
  readonly pods: readonly Pod[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly jobs: readonly Job[];
}

export const isReady = (pod: Pod | undefined): boolean =>
  pod?.metadata?.deletionTimestamp === undefined &&
  (pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false);

export const isTerminating = (object: { metadata?: { deletionTimestamp?: string } } | undefined): boolean =>
  object?.metadata?.deletionTimestamp !== undefined;

/** It says itself that it has a database, whatever its claims say. */
export const hasDatabase = ({ answer }: Instance): boolean =>
  answer?.ok === true && (answer.status.systemID ?? '') !== '';

/** The pod will not run again by itself: evicted, or its node says so. */
export const hasEnded = (pod: Pod | undefined): boolean =>
  pod?.status?.phase === 'Failed' || pod?.status?.phase === 'Succeeded';

/** Instances that count: not about to go. */
export const members = (world: World): Instance[] =>
  world.instances.filter(
    ({ removal, detached, terminating, unusable }) => removal === undefined && !detached && !terminating && !unusable,
  );
