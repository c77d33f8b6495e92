import { nextLife } from '../../../../state-machines/synchronous/lives.ts';
import type { Standby } from '../../../../state-machines/synchronous/target.ts';
import { standbyNames } from '../../../../state-machines/synchronous/target.ts';
import { type HaCore, leaseState } from '../core/core.ts';
import { postgresRole } from '../core/local-postgres.ts';
import { anySynchronous, namesSetting } from './configuration.ts';
import { asksForQuorum, failureDomain, wishedTarget } from '../../../postgres/synchronous-wish.ts';

/** This cluster's other members as the wish sees them; those that are about to leave or come in another life are not among them. */
export function standbysOf(core: HaCore): Standby[] {
  const { memory, store, context } = core;
  const cluster = context.cluster.current;
  const self = context.environment.podName;
  const instances = cluster?.status?.instanceNames ?? [];
  const record = store.lastRecord;
  return (record?.members ?? []).flatMap((present) => {
    const { instance } = present;
    const comes = memory.joining.get(instance);
    const leaves = memory.leaving.get(instance) === present.incarnation;
    const life = record && nextLife(record, present, { comes, leaves });
    const listed = instances.length === 0 || instances.includes(instance);
    if (!cluster || instance === self || !life || !listed) return [];
    const healthy = memory.streaming?.has(instance) ?? false;
    return [
      { instance, incarnation: life.incarnation, healthy, failureDomain: failureDomain(cluster, self, instance) },
    ];
  });
}

/**
 * The value of synchronous_standby_names for this instance, whatever it is at the moment. Whoever holds the lease has what the newest
 * configuration in it says (rules 15, 19); in sync mode nobody's is empty (rule 22). What cannot be known leaves things as they are.
 */
export function synchronousNames(core: HaCore): string {
  const { store, context, memory, life } = core;
  const { record } = store;
  const cluster = context.cluster.current;
  const last = memory.names ?? life.current.names ?? '';
  const mine = leaseState(core) === 'mine';
  // A primary that lost its lease is about to be ended: nobody who waits in it may be woken meanwhile.
  if (!record || !cluster || (!mine && postgresRole(core) === 'primary')) return last;
  const name = context.environment.clusterName;
  const newest = record.configurations.at(-1);
  if (mine && newest && newest.number > 0) return namesSetting(newest, name);
  if (mine) return standbyNames(wishedTarget(cluster.spec, standbysOf(core)), name);
  const sync = anySynchronous(record) || asksForQuorum(cluster.spec);
  return sync ? standbyNames({ mode: 'sync', method: 'any', number: 1, names: [], pre: [], post: [] }, name) : '';
}
