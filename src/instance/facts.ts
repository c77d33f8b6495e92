import type { InstanceFacts } from '../../state-machines/instance/facts.ts';
import type { Actions } from './act.ts';
import { isFenced } from '../fencing.ts';
import { annotation } from '../labels.ts';
import type { InstanceContext } from './context/context.ts';
import type { Observation } from './observe.ts';
import { processInfo } from './postmaster/process.ts';
import { restartTurn } from './restart-turn.ts';

function roleOf({ data, postmaster, server }: Observation): InstanceFacts['role'] {
  if (postmaster.state === 'up') return server === undefined ? 'unknown' : server.standby ? 'standby' : 'primary';
  if (data.state !== 'valid') return 'unknown';
  return data.standby ? 'standby' : 'primary';
}

function isForeign(postmaster: number | undefined, supervisor: number): boolean {
  const process = postmaster === undefined ? undefined : processInfo(postmaster);
  return process !== undefined && process.parent !== supervisor;
}

/** A server that starts cannot say when it loaded its files: not before it was started. */
export function isStale({
  differing,
  filesWrittenAt,
  postmaster,
  server,
}: Pick<Observation, 'differing' | 'filesWrittenAt' | 'postmaster' | 'server'>): boolean {
  const loadedAt = server?.loadedAt.getTime() ?? (postmaster.state === 'starting' ? postmaster.startedBy : undefined);
  return loadedAt !== undefined && (differing.length > 0 || filesWrittenAt > loadedAt);
}

/** When somebody asked for a reload that nothing else calls for. */
const reloadAsked = (cluster: Observation['cluster']): number => {
  const at = Date.parse(cluster?.metadata.annotations?.[annotation.reloadedAt] ?? '');
  return Number.isNaN(at) ? 0 : at;
};

/** What was observed, in the words of the machine. */
export function factsOf(observation: Observation, context: InstanceContext, actions: Actions): InstanceFacts {
  const { cluster, data, postmaster, server } = observation;
  const { podName } = context.environment;
  const role = roleOf(observation);
  return {
    terminating: context.terminatingSince() !== undefined,
    cluster: cluster === undefined ? 'unknown' : context.cluster.seen ? 'seen' : 'copy',
    fenced: isFenced(cluster, podName),
    named: context.ha.named(),
    data: data.state,
    programs: observation.program !== undefined,
    certificates: observation.certificates.complete,
    postgres: postmaster.state,
    foreign: isForeign(postmaster.pid, context.supervisor.pid),
    role,
    diverged: context.ha.diverged,
    diskFull: observation.diskShortage !== undefined,
    backingOff: actions.backingOff,
    configurationStale:
      (isStale(observation) || (server !== undefined && reloadAsked(cluster) > server.loadedAt.getTime())) &&
      actions.mayReload(observation),
    restartDue:
      cluster !== undefined &&
      server !== undefined &&
      actions.restartIsDue(restartTurn(cluster, podName, role, server)),
    releasing: context.ha.releasing,
    halfPromoted: context.ha.halfPromoted,
  };
}
