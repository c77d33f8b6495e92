// When two worlds of the synchronous model are equal: when they differ in nothing but which instance has which name (symmetry.ts).
import { Parts, type Renaming, Renamings } from './symmetry.ts';
import { type Config, type Instance, type Lease, type World, member } from './sync-world.ts';

const letters = 'abcdefghij';

/** A text that begins with a member's id. */
const renamed = (text: string, to: Renaming): string =>
  text === '' ? '' : `${letters[to.place[letters.indexOf(text[0] ?? '')] ?? 0]}${text.slice(1)}`;
const renamedAll = (texts: readonly string[], to: Renaming): string =>
  texts
    .map((text) => renamed(text, to))
    .sort()
    .join(' ');

const configText = (config: Config | undefined, to: Renaming): string =>
  config
    ? `${config.version}.${config.epoch}${renamed(config.owner, to)}[${renamedAll(config.names, to)}]${config.number}`
    : '-';
const configsText = (configs: readonly Config[], to: Renaming): string =>
  configs.map((config) => configText(config, to)).join('+');

function instanceText(i: Instance, to: Renaming): string {
  let flushed = '';
  for (const index of to.order) {
    const said = i.flushed[index];
    if (said) flushed += `${renamed(said[0], to)}:${said[1]},`;
  }
  const flags =
    (i.up ? 1 : 0) +
    (i.ownsLog ? 2 : 0) +
    (i.restarted ? 4 : 0) +
    (i.follows ? 8 : 0) +
    (i.half ? 16 : 0) +
    (i.asks ? 32 : 0);
  return (
    `${flags}${i.role[2]}|${i.life}|${i.log}|${i.promised}|${i.led}|${i.unsynced}|${to.place[i.source] ?? -1}|` +
    `${i.candidacy}|${renamedAll(i.promises, to)}|${configsText(i.quorumOf, to)}|${configText(i.config, to)}|` +
    `${configsText(i.before, to)}|${i.barrier}|${flushed}`
  );
}

function looks(i: Instance): string {
  const flags = (i.up ? 1 : 0) + (i.ownsLog ? 2 : 0) + (i.source < 0 ? 4 : 0) + (i.follows ? 8 : 0);
  return `${i.role[2]}${i.log}|${i.led}|${i.promised}|${flags}|${i.candidacy}|${i.promises.length}|${i.life}|${i.config?.version}`;
}

const leaseText = ({ holder, epoch, configs, members }: Lease, to: Renaming): string =>
  `${renamed(holder, to)}/${epoch}/${configsText(configs, to)}/${renamedAll(members, to)}`;

/** The worlds of one exploration. */
export class SyncWorlds {
  readonly #renamings: Renamings;
  readonly #instances: Parts<Instance>;
  readonly #leases: Parts<Lease>;

  constructor(instances: number) {
    this.#renamings = new Renamings(instances);
    this.#instances = new Parts(this.#renamings.identity, instanceText, looks);
    this.#leases = new Parts(this.#renamings.identity, leaseText);
  }

  /** The same world out of parts that others have too. */
  share(world: World): World {
    return {
      ...world,
      instances: world.instances.map((instance) => this.#instances.one(instance)),
      lease: this.#leases.one(world.lease),
    };
  }

  /** Equal worlds have equal keys; counters of the bounds belong to it, since they say what may still happen. */
  key(world: World): string {
    let least = '';
    for (const to of this.#renamings.by(world.instances.map((_, index) => this.#looks(world, index)))) {
      const text = this.#text(world, to);
      if (least === '' || text < least) least = text;
    }
    return (
      `${least}/${world.acknowledged}/${world.commits}/${world.promotions.join('.')}/` +
      `${world.newestLog}/${world.crashes}/${world.losses}/${world.changes}/${world.stops}/${world.wrong}`
    );
  }

  #text(world: World, to: Renaming): string {
    let text = '';
    for (const index of to.order) {
      const instance = world.instances[index];
      if (instance) text += `${this.#instances.id(instance, to)},`;
    }
    text += this.#leases.id(world.lease, to);
    if (world.answers.length === 0) return text;
    const answers = world.answers.map(([to_, epoch, said]) => `${to.place[to_]}.${epoch}.${renamed(said, to)}`);
    return `${text}/${answers.sort().join(' ')}`;
  }

  /** What an instance is, whatever it is called, with what is kept of it elsewhere. Two that come out alike are tried in either order. */
  #looks(world: World, index: number): number {
    const instance = world.instances[index];
    if (!instance) return 0;
    const said: number[] = [];
    for (const { flushed } of world.instances) {
      const to = flushed[index]?.[1];
      if (to !== undefined && to >= 0) said.push(to);
    }
    if (said.length > 1) said.sort((a, b) => a - b);
    const holds = world.lease.holder === member(world, index) ? 1 : 0;
    return said.reduce((number, to) => 32 * number + to + 1, 2 * this.#instances.looks(instance) + holds);
  }
}
