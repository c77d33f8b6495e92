// When two worlds of the asynchronous model are equal: when they differ in nothing but which instance has which name (symmetry.ts).
import { type AsyncWorld, type Call, type Instance, nobody } from './async-world.ts';
import { Parts, type Renaming, Renamings } from './symmetry.ts';

const renamed = (index: number, to: Renaming): number => (index === nobody ? nobody : (to.place[index] ?? nobody));
const callText = (call: Call | undefined): string =>
  call ? `${call.kind[2]}${call.age}.${call.version}.${call.epoch}${call.outcome[0]}` : '-';

function looks(i: Instance): string {
  const flags = (i.up ? 1 : 0) + (i.api ? 2 : 0) + (i.overtaken ? 4 : 0) + (i.closed ? 8 : 0);
  return (
    `${flags}${i.role[2]}|${i.log}|${i.entered}|${i.promised}|${i.led}|${i.fresh}|${i.seen}|${i.seenEpoch}|${i.unchanged}|${i.held}|` +
    `${callText(i.call)}|${i.candidacy}|${i.round?.age}.${i.round?.granted.length}`
  );
}

function text(i: Instance, to: Renaming): string {
  const granted = i.round?.granted.map((index) => renamed(index, to)).sort();
  return `${looks(i)}|${renamed(i.seenHolder, to)}|${granted?.join('')}`;
}

/** The worlds of one exploration. */
export class AsyncWorlds {
  readonly #renamings: Renamings;
  readonly #instances: Parts<Instance>;

  constructor(instances: number) {
    this.#renamings = new Renamings(instances);
    this.#instances = new Parts(this.#renamings.identity, text, looks);
  }

  /** The first instance that was equal to this one. */
  readonly share = (instance: Instance): Instance => this.#instances.one(instance);

  key(world: AsyncWorld): string {
    let least = '';
    for (const to of this.#renamings.by(
      world.instances.map((instance, index) => this.#looks(world, instance, index)),
    )) {
      const renamedText = this.#text(world, to);
      if (least === '' || renamedText < least) least = renamedText;
    }
    const { lease, departed } = world;
    return (
      `${least}/${lease.version}.${lease.epoch}.${lease.end}/${departed?.log}.${departed?.age}/${world.status}/${[...world.promotions].sort().join()}/` +
      `${world.crashes}/${world.outages}/${world.deletions}/${world.drifts}/${world.commits}/${world.wrong}`
    );
  }

  /** What an instance is, whatever it is called; who holds the lease, or believes to, is told apart. */
  #looks(world: AsyncWorld, instance: Instance, index: number): number {
    const { holder, from } = world.lease;
    const holds = (holder === index ? 1 : 0) + (instance.seenHolder === index ? 2 : 0) + (from === index ? 4 : 0);
    return 8 * this.#instances.looks(instance) + holds;
  }

  #text(world: AsyncWorld, to: Renaming): string {
    let all = '';
    for (const index of to.order) {
      const instance = world.instances[index];
      if (instance) all += `${this.#instances.id(instance, to)},`;
    }
    all += `${renamed(world.lease.holder, to)}${renamed(world.lease.from, to)}`;
    if (world.orphans.length === 0) return all;
    const orphans = world.orphans.map(([sender, expected, epoch]) => `${renamed(sender, to)}.${expected}.${epoch}`);
    return `${all}/${orphans.sort().join(' ')}`;
  }
}
