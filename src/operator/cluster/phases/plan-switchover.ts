import { switchover, type SwitchoverAction } from '../../../../state-machines/switchover/machine.ts';
import { drained } from '../drain.ts';
import { decided, subjectCondition } from '../decided.ts';
import { switchoverView, type OwnWish, type SwitchoverView } from '../decide/switchover-facts.ts';
import { eventReason, phase } from '../phase-names.ts';
import type { ObservedScope } from '../scope.ts';

export type Planned = 'nothing' | 'refused' | 'under-way';

const whileUnderWayMs = 500;

function perform(
  scope: ObservedScope,
  view: SwitchoverView,
  wish: OwnWish | undefined,
  action: SwitchoverAction & { readonly rule: string },
): Planned {
  const { report } = scope;
  const { from, to = '', facts } = view;
  const { rule } = action;
  const say = (
    status: 'True' | 'False',
    message: string,
    event?: { type: 'Normal' | 'Warning'; reason: string },
  ): void => decided(scope, 'Switchover', { rule, status, message, ...(event === undefined ? {} : { event }) });
  switch (action.type) {
    case 'refuse': {
      const asked = facts.wish === 'named';
      const what = asked ? `No switchover to ${to}` : `No switchover (${wish?.why ?? ''})`;
      say('False', `${what}: ${facts.refusal ?? ''}`, { type: 'Warning', reason: eventReason.switchoverRefused });
      if (asked) report.targetPrimary = from;
      return 'refused';
    }
    case 'order': {
      const why = wish === undefined || facts.wish === 'named' ? '' : `: ${wish.why}`;
      const message = `Switching over from ${from} to ${to}${why}`;
      say('True', message, { type: 'Normal', reason: eventReason.switchingOver });
      report.targetPrimary = to;
      break;
    }
    case 'order-return':
      say('True', `Nobody took over from ${from} in time: it returns`, {
        type: 'Warning',
        reason: eventReason.switchoverRefused,
      });
      report.targetPrimary = from;
      break;
    case 'close-order':
      if (rule === 'another-leads') {
        say('False', `The lease went from ${from} to another, who serves`);
        return 'under-way';
      }
      say('False', `The time for the switchover to ${to} is over; ${from} goes on`, {
        type: 'Warning',
        reason: eventReason.switchoverRefused,
      });
      report.targetPrimary = from;
      return 'refused';
    case 'stay':
    case 'order-stop':
    case 'pause-poolers':
    case 'resume-poolers':
      if (facts.wish === 'none') return 'nothing';
      say('True', `Switching over from ${from} to ${to}`);
      break;
    default:
      return action satisfies never;
  }
  report.phase(phase.switchingOver, `Switching over to ${to}`);
  report.lookAgain(whileUnderWayMs);
  return 'under-way';
}

/** A planned change of the primary: one that was asked for in status, or `wish`, the operator's own. */
export function planSwitchover(scope: ObservedScope, wish?: OwnWish): Planned {
  const { cluster, world, now, owned, configuration } = scope;
  const onDrained = (instance: Parameters<typeof drained>[0]): boolean =>
    drained(instance, owned.nodes, configuration.drainTaints) !== undefined;
  const view = switchoverView(cluster, world, wish, onDrained, now);
  if (view === undefined) return 'nothing';
  const { action } = switchover.decide(view.facts);
  const said = cluster.status?.conditions?.find(({ type }) => type === subjectCondition('Switchover'));
  if (action.rule === 'nothing-wished' && said?.status === 'True') {
    decided(scope, 'Switchover', { rule: action.rule, status: 'False', message: `${view.from} is the primary` });
  }
  return perform(scope, view, wish, action);
}
