import { comparePositions, sameMember } from '../../../state-machines/protocol/position.ts';
import { inReach } from '../../../state-machines/protocol/quorum.ts';
import { silence } from '../../../state-machines/election/machine.ts';
import { lacksSome } from '../../../state-machines/election/succession.ts';
import type { LeaseMember, Position } from '../../../state-machines/protocol/types.ts';
import { ownPosition } from './candidate.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import { type HaCore, holderOf, others, selfOf, timingOf } from './core/core.ts';
import { gather } from './gather.ts';
import { Yielding } from './yielding.ts';
import { fromWire, type PositionReport, type Said } from './core/messages.ts';
import type { Asked } from './core/peers.ts';
import { modeOf } from './synchronous/configuration.ts';

const askMs = 400;
/** While too few have answered: on a busy machine they may be there, and slow. */
const patientMs = 1200;
/** How long answers about positions are good for, from when they must have come. */
const goodMs = 600;

export interface Canvass {
  readonly goodUntil: number;
  readonly standing: 'first' | 'behind';
  readonly position: Position;
  /** Those who answered, and this instance, could be the quorum. */
  readonly quorumInReach: boolean;
  readonly holderAnswers: boolean;
  readonly epochs: readonly number[];
  /** Nobody who answered objects to a candidacy. */
  readonly prevote: 'granted' | 'refused';
}

const serial = (instance: string): number => Number(/(\d+)$/.exec(instance)?.[1] ?? 0);

/** uid and version of the lease as it was seen last. */
export function leaseId({ store }: Pick<HaCore, 'store'>): string {
  const meta = store.observed?.object?.metadata;
  return `${meta?.uid ?? ''} ${meta?.resourceVersion ?? ''}`;
}

/** Where all others are, and whether they object to a candidacy (§5, prevote and step 1 of the election). */
export class Canvassing {
  readonly #core: HaCore;
  #last: Canvass | undefined;
  #tooFew = false;
  readonly #yielding: Yielding;

  constructor(core: HaCore) {
    this.#core = core;
    this.#yielding = new Yielding(() => core.clock());
  }

  /** The last answers, however old. */
  get last(): Canvass | undefined {
    return this.#last;
  }

  /** The last answers while they are good. */
  get fresh(): Canvass | undefined {
    return this.#last && this.#core.clock() < this.#last.goodUntil ? this.#last : undefined;
  }

  forget(): void {
    this.#last = undefined;
  }

  /** A candidacy of this instance came to nothing. */
  stoodInVain(): void {
    this.#yielding.stoodInVain();
  }

  /** Asks all others once. */
  async ask(): Promise<void> {
    const { clock, store, context } = this.#core;
    const limit = this.#tooFew ? patientMs : askMs;
    const due = clock() + limit;
    const epoch = store.record?.epoch ?? 0;
    // Prevotes have no effect on those who give them, so both are asked for at once.
    const [mine, answers, prevotes] = await Promise.all([
      ownPosition(this.#core).catch(() => undefined),
      this.#askAll('position', { epoch }, limit),
      this.#askAll('prevote', { epoch }, limit),
    ]);
    const refused = prevotes.some(({ answer }) => answer?.granted === false && answer.reason !== 'not-a-member');
    if (!mine) return;
    const ahead = answers.some(({ member, answer }) => answer?.stands === true && this.#isAhead(mine, member, answer));
    const holder = store.record?.holder;
    const successor = store.record?.successor;
    const meant = successor === undefined || successor === context.environment.podName;
    const answered = [...answers, ...prevotes].flatMap(({ member, answer }) => (answer ? [member] : []));
    const quorumInReach = inReach(store.lastRecord?.configurations ?? [], [selfOf(this.#core), ...answered]);
    this.#tooFew = !quorumInReach;
    this.#last = {
      // Who comes back is found soon.
      goodUntil: goodMs + (quorumInReach ? due : clock()),
      quorumInReach,
      standing: (ahead || !meant) && !this.#yielding.isOver(leaseId(this.#core)) ? 'behind' : 'first',
      position: mine,
      holderAnswers: answers.some(
        ({ member, answer }) => holder !== undefined && sameMember(member, holder) && answer?.primaryOf === epoch,
      ),
      prevote: refused ? 'refused' : 'granted',
      epochs: answers.flatMap(({ answer }) => (answer ? [answer.promised, answer.seen] : [])),
    };
    context.log.info(
      {
        position: `${mine.timeline}/${mine.lsn.toString(16)}`,
        answers: answers.map(({ member, answer }) => [
          member.instance,
          answer?.stands,
          answer?.position,
          answer?.primaryOf,
        ]),
        standing: this.#last.standing,
      },
      'Positions',
    );
  }

  /** A holder who has not answered for some time is asked once more, and not waited for. */
  #askAll<Kind extends 'position' | 'prevote'>(kind: Kind, what: Said, limit: number): Promise<Asked<Kind>[]> {
    const { memory, peers } = this.#core;
    const silent = memory.unansweredPulses >= silence ? holderOf(this.#core) : undefined;
    const members = others(this.#core);
    const waitedFor = members.filter(({ instance }) => instance !== silent?.instance).length;
    const isWaitedFor = ({ member }: Asked<Kind>): boolean => member.instance !== silent?.instance;
    const asked = members.map((member) => peers.askOne(kind, member, what, limit));
    return gather(asked, (come) => come.filter(isWaitedFor).length === waitedFor);
  }

  #isAhead(mine: Position, member: LeaseMember, { position }: PositionReport): boolean {
    if (!position) return false;
    const order = comparePositions(fromWire(position), mine);
    const called = this.#core.memory.called !== undefined;
    if (order === 0 && (called || this.#core.store.record?.successor === selfOf(this.#core).instance)) return false;
    return order > 0 || (order === 0 && serial(member.instance) < serial(this.#core.context.environment.podName));
  }

  /**
   * The one who gave the lease back had more, and may be back soon with it: without a quorum nothing else keeps what it has acknowledged.
   * Asked of the lease as it is now, which may be another than when the others were asked.
   */
  get lacksSome(): boolean {
    const { store } = this.#core;
    const { record } = store;
    const { departure } = record ?? {};
    if (!record || record.holder || departure?.epoch !== record.epoch || modeOf(record) === 'sync') return false;
    if (!this.#last || departure.lsn === undefined || departure.timeline === undefined) return false;
    const end = { timeline: departure.timeline, lsn: parseLsn(departure.lsn) };
    const time = { unchangedFor: store.unchangedFor(), duration: timingOf(this.#core).duration * 1000 };
    return lacksSome(this.#last.position, end, time);
  }
}
