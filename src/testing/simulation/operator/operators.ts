// Pods of the operator: one leads, an older one may be frozen and go on later.
import { Process } from '../scheduler.ts';
import { simulatedLogger } from '../surroundings.ts';
import { trueStart } from '../machine.ts';
import type { Clock, World } from '../world.ts';
import type { OperatorChecker } from './checker.ts';
import type { OperatorOptions } from './program.ts';

export class Operators {
  readonly #world: World;
  readonly #start: (options: OperatorOptions) => void;
  readonly #checker: OperatorChecker;
  #pods = 0;
  #pids = 0;
  /** Of the pod that is not replaced. */
  process: Process | undefined;
  home = '';

  constructor(world: World, checker: OperatorChecker, start: (options: OperatorOptions) => void) {
    this.#world = world;
    this.#checker = checker;
    this.#start = start;
    this.#newPod();
  }

  #newPod(): void {
    const { random, scheduler, clocks } = this.#world;
    const rate = 1 + random.between(-0.0025, 0.0025);
    const [skew, booted] = [random.between(-30_000, 30_000), random.between(1e6, 1e8)];
    const clock: Clock = {
      rate,
      wallClock: () => Math.floor(trueStart + scheduler.now * rate + skew),
      bootTime: () => (scheduler.now + booted) * rate,
    };
    this.home = `operator-${++this.#pods}`;
    clocks.set(this.home, clock);
    this.#run(random.between(0, 500));
  }

  /** The program, in the pod that there is. */
  #run(delay: number): void {
    const { scheduler, api, options } = this.#world;
    const { home } = this;
    const process = new Process(++this.#pids, 'operator', home);
    this.process = process;
    const ended = (): void => {
      process.alive = false;
      options.note(home, 'the operator has ended');
      if (this.process === process) this.#run(this.#world.random.between(300, 3000));
    };
    const begin = (): void =>
      this.#start({
        ...{ kube: api.client(), podName: home, ended },
        log: simulatedLogger((text) => options.note(home, text), options.told),
        begins: () => this.#checker.begins(),
      });
    scheduler.after(delay, begin, process);
  }

  kill(): void {
    const { process } = this;
    if (!process) return;
    process.alive = false;
    this.#run(this.#world.random.between(300, 3000));
  }

  /** Its node stands still for a while; Kubernetes makes another pod. */
  freeze(milliseconds: number): void {
    const { scheduler, random } = this.#world;
    const old = this.process;
    if (!old) return;
    scheduler.pause(old);
    scheduler.after(milliseconds, () => scheduler.resume(old));
    scheduler.after(random.between(200, 2000), () => this.#newPod());
  }
}
