import { defaultCluster } from '../../../api/cluster/defaults.ts';
import type { Cluster } from '../../../api/generated/cluster.ts';
import { isConflict, isNamespaceEnding, KubeError } from '../../../kube/errors.ts';
import type { RunResult } from '../../../kube/queue.ts';
import { resource } from '../../../kube/resource-types.ts';
import { annotation } from '../../../labels.ts';
import { asError, messageOf, TerminalError } from '../../errors.ts';
import { observe } from '../observe.ts';
import { conditionReason, conditionType, eventReason, phase } from '../phase-names.ts';
import { addReplicas } from './add-replicas.ts';
import { assess } from './assess.ts';
import { createFirstInstance } from './create-first-instance.ts';
import { describeInstances } from './describe-instances.ts';
import { ensureObjects } from './ensure-objects.ts';
import { ensureSecrets } from './ensure-secrets.ts';
import { expandVolumes } from './expand-volumes.ts';
import { finishJobs } from './finish-jobs.ts';
import { followLease } from './follow-lease.ts';
import { giveUp } from './give-up.ts';
import { hibernate } from './hibernate.ts';
import { keepChronicle } from './keep-chronicle.ts';
import { keepTarget } from './keep-target.ts';
import { removeInstances } from './remove-instances.ts';
import { rollOut } from './roll-out.ts';
import { scaleDown } from './scale-down.ts';
import { startBeside } from './start-beside.ts';
import { startInstances } from './start-instances.ts';
import { switchOver } from './switch-over.ts';
import { syncRoles } from './sync-roles.ts';
import { validate } from './validate.ts';
import { watchReplicas } from './watch-replicas.ts';
import { watchVolumes } from './watch-volumes.ts';
import { Report } from '../report.ts';
import type { PhaseResult } from '../result.ts';
import type { ObservedScope, Scope } from '../scope.ts';
import { writeStatus } from '../write-status.ts';

/** Everything but the cluster itself, the same for all reconciliations. */
export type Surroundings = Pick<Scope, 'api' | 'configuration' | 'identity' | 'owned' | 'readStatus' | 'log'> & {
  readonly emit: (about: Cluster, event: Parameters<Scope['emit']>[0]) => void;
  readonly now: () => Date;
};

/** Until then the Cluster has gone, or something keeps its namespace from going. */
const namespaceEndingMs = 10_000;

type Phase<S> = (scope: S) => Promise<PhaseResult>;

/** Before anything is looked at. */
const preparing: readonly Phase<Scope>[] = [validate, ensureSecrets, ensureObjects];

/** Repairs first: nothing that is stuck further down may keep a volume from growing or a pod from coming back. */
const acting: readonly Phase<ObservedScope>[] = [
  describeInstances,
  expandVolumes,
  watchVolumes,
  watchReplicas,
  startBeside,
  finishJobs,
  removeInstances,
  createFirstInstance,
  hibernate,
  switchOver,
  followLease,
  keepTarget,
  keepChronicle,
  syncRoles,
  giveUp,
  scaleDown,
  startInstances,
  addReplicas,
  rollOut,
  assess,
];

async function runPhases<S extends Scope>(scope: S, phases: readonly Phase<S>[]): Promise<PhaseResult> {
  for (const run of phases) {
    scope.signal.throwIfAborted();
    const result = await run(scope);
    if (result.kind === 'stop') {
      scope.log.debug({ phase: run.name, reason: result.reason }, 'stopped');
      return result;
    }
  }
  return { kind: 'continue' };
}

/**
 * An error that people must hear of: what it means for the phase. Transient ones are only retried, as what was there when it was looked at and
 * has gone since.
 */
function reportError(scope: Scope, error: unknown): void {
  const refused = error instanceof KubeError && [400, 403, 422].includes(error.code);
  if (!(error instanceof TerminalError) && !refused) return;
  const message = messageOf(error);
  const reason = error instanceof TerminalError ? error.reason : eventReason.cannotCreateObjects;
  scope.emit({ type: 'Warning', reason, message });
  scope.report.phase(phase.cannotCreateObjects, message);
}

async function runAll(scope: Scope): Promise<PhaseResult> {
  const initialized = (scope.cluster.status?.currentPrimary ?? '') !== '';
  let failure: Error | undefined;
  try {
    const prepared = await runPhases(scope, preparing);
    if (prepared.kind === 'stop') return prepared;
  } catch (error) {
    // A cluster that runs is looked after all the same: a Secret of the user's that is away must not keep a pod from coming back.
    if (!initialized || scope.signal.aborted || isNamespaceEnding(error)) throw error;
    reportError(scope, error);
    failure = asError(error);
  }
  const result = await runPhases({ ...scope, world: await observe(scope) }, acting);
  if (failure !== undefined) throw failure;
  return result;
}

const sleeping = new Set(['DeletingPods', 'WaitingPodsDeletion', 'Hibernated']);

function readiness(report: Report): void {
  const asleep = sleeping.has(report.conditions.get(conditionType.hibernation)?.reason ?? '');
  const healthy = report.status.phase === phase.healthy && !asleep;
  const problem = asleep ? 'it is hibernated' : (report.status.phase ?? 'being set up');
  report.condition({
    type: conditionType.ready,
    status: healthy ? 'True' : 'False',
    reason: healthy ? conditionReason.ready : conditionReason.notReady,
    message: healthy ? 'Cluster is Ready' : `Cluster is not ready: ${problem}`,
  });
}

/** One reconciliation of one Cluster: look, decide, act, say. It may die anywhere; the next one goes on from what it finds. */
export async function reconcileCluster(
  surroundings: Surroundings,
  key: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const { api, configuration } = surroundings;
  const found = await api.get<Cluster>(resource.clusters, key, { signal });
  if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined;
  if (found.metadata.annotations?.[annotation.reconciliationLoop] === 'disabled') return undefined;
  const cluster = defaultCluster(found, { imageName: configuration.postgresImage });
  const report = new Report(found.status);
  const now = surroundings.now();
  const scope: Scope = {
    ...surroundings,
    ...key,
    cluster,
    report,
    now,
    signal,
    log: surroundings.log.child({ namespace: key.namespace, cluster: key.name }),
    emit: (event) => surroundings.emit(found, event),
  };
  const before = found.status?.phase;
  let result: PhaseResult = { kind: 'continue' };
  let failure: Error | undefined;
  try {
    result = await runAll(scope);
  } catch (error) {
    if (signal.aborted) throw error;
    // The cluster goes with its namespace: no fault, and nothing to be said in a status that nobody will read.
    if (isNamespaceEnding(error)) {
      scope.log.debug('the namespace is being deleted');
      return { afterMs: namespaceEndingMs };
    }
    reportError(scope, error);
    failure = asError(error);
  }
  readiness(report);
  try {
    await writeStatus(api, found, report, now, signal);
  } catch (error) {
    // Somebody asks for another primary, or became it, while this was decided: it is decided anew.
    if (!isConflict(error)) throw error;
    scope.log.debug({ error: messageOf(error) }, 'decided anew');
    return { afterMs: 100 };
  }
  if (report.status.phase !== before) {
    scope.log.info({ phase: report.status.phase, reason: report.status.phaseReason }, 'phase');
  }
  if (failure instanceof TerminalError) return { afterMs: 5_000 };
  if (failure !== undefined) throw failure;
  const wishes = [result.kind === 'stop' ? result.afterMs : undefined, report.afterMs].filter((ms) => ms !== undefined);
  // What is stopped by a person's doing is looked at again anyway, should a watch have missed the cure.
  return { afterMs: wishes.length === 0 ? 60_000 : Math.min(...wishes) };
}
