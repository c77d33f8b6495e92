import type { InstanceAction } from '../../state-machines/instance/actions.ts';
import { decide, type InstanceSnapshot } from '../../state-machines/instance/machine.ts';
import { Actions } from './act.ts';
import type { InstanceContext } from './context/context.ts';
import { Observer, type Observation } from './observe.ts';
import { factsOf } from './facts.ts';
import { killFamily } from './postmaster/process.ts';
import type { InstanceView } from './world/view.ts';

/** A turn at least this often; everything that changes sooner wakes the loop. */
const turnMs = 1000;
/** While postgres starts, stops or is promoted its files are looked at this often. */
const busyTurnMs = 50;

/** Observes, decides and acts until the machine says that it is over. */
export class Manager {
  readonly #context: InstanceContext;
  readonly #observer: Observer;
  readonly #actions: Actions;
  #snapshot: InstanceSnapshot | undefined;
  #view: InstanceView | undefined;
  #wake: (() => void) | undefined;
  #woken = false;
  #saidLast = '';

  constructor(context: InstanceContext) {
    this.#context = context;
    this.#actions = new Actions(context);
    this.#observer = new Observer(context);
  }

  get view(): InstanceView | undefined {
    return this.#view;
  }

  get actions(): Actions {
    return this.#actions;
  }

  /** Makes the next turn come at once. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async run(): Promise<void> {
    for (;;) {
      const action = await this.#turn();
      if (!this.#context.supervisor.present()) return this.#abandon();
      this.#context.ha.heartbeat();
      if (action?.type === 'end') return;
      await this.#rest();
    }
  }

  /** Only where the supervisor is not the container's PID 1 can it be killed alone. */
  #abandon(): void {
    this.#context.log.error('The supervisor is gone: PostgreSQL is ended');
    const pid = this.#view?.postmaster.pid;
    if (pid !== undefined) killFamily(pid);
  }

  async #turn(): Promise<InstanceAction | undefined> {
    const { log } = this.#context;
    try {
      const observation = await this.#observer.observe();
      const facts = factsOf(observation, this.#context, this.#actions);
      const { snapshot, state, action } = decide(this.#snapshot, facts);
      this.#snapshot = snapshot;
      this.#view = { ...observation, facts, state, action, problems: this.#problems(observation) };
      this.#say(this.#view);
      await this.#actions.perform(action, observation);
      return action;
    } catch (error) {
      log.error({ err: error }, 'A turn of the loop failed and is tried again');
      return undefined;
    }
  }

  #problems(observation: Observation): string[] {
    const data = observation.data.state === 'unusable' ? [observation.data.problem] : [];
    const lastError = this.#actions.startProblem;
    return [
      ...data,
      ...this.#context.ha.problems,
      ...observation.certificates.problems,
      ...observation.problems,
      ...(lastError ? [lastError] : []),
    ];
  }

  /** A decision is logged when it is another than the one before. */
  #say(view: InstanceView): void {
    const text = JSON.stringify([view.action.rule, view.problems]);
    if (text === this.#saidLast) return;
    this.#saidLast = text;
    const level = view.problems.length > 0 ? 'warn' : 'info';
    this.#context.log[level](
      { rule: view.action.rule, state: view.state, ...(view.problems.length > 0 ? { problems: view.problems } : {}) },
      'Decided',
    );
  }

  #rest(): Promise<void> {
    const state = this.#view?.state;
    const busy = state === 'starting' || state === 'stopping' || state === 'promoting';
    if (this.#woken) {
      this.#woken = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        this.#woken = false;
        resolve();
      };
      const timer = setTimeout(finish, busy ? busyTurnMs : turnMs);
      this.#wake = finish;
    });
  }
}
