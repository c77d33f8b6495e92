// When two worlds of the synchronous model are equal: when they differ in nothing but which instance has which name. Nothing in the
// model asks for a name, so what can happen in the one can happen in the other, and one of them is enough. Instances are put in an
// order by what they are; of those that are alike in that the order is left as it is, which finds most equal worlds, at a small price.
import { type Config, type Instance, type Lease, type World, member } from './sync-world.ts';

const letters = 'abcdefghij';

/** Instances by their places in another order, and the ids of members accordingly. */
class Renaming {
  readonly order: readonly number[];
  readonly place: readonly number[];
  readonly #members = new Map<string, string>([['', '']]);
  readonly #promises = new Map<string, string>();
  readonly #configs = new WeakMap<Config, string>();

  /** `order`: the instance that comes first, the one that comes second … */
  constructor(order: readonly number[]) {
    const place: number[] = [];
    for (const [at, index] of order.entries()) place[index] = at;
    this.order = order;
    this.place = place;
  }

  /** Incarnations of the beginning are numbered as the instances are; later ones by when they came. */
  member(id: string): string {
    let renamed = this.#members.get(id);
    if (renamed === undefined) {
      const number = Number(id.slice(1));
      renamed = `${letters[this.place[letters.indexOf(id[0] ?? '')] ?? 0]}${this.place[number] ?? number}`;
      this.#members.set(id, renamed);
    }
    return renamed;
  }

  promise(text: string): string {
    let renamed = this.#promises.get(text);
    if (renamed === undefined) {
      const end = text.search(/[!@]/);
      renamed = this.member(text.slice(0, end)) + text.slice(end);
      this.#promises.set(text, renamed);
    }
    return renamed;
  }

  members(ids: readonly string[]): string {
    const renamed = ids.map((id) => this.member(id));
    return renamed.sort().join('');
  }

  config(config: Config | undefined): string {
    if (!config) return '-';
    let text = this.#configs.get(config);
    if (text === undefined) {
      const { version, epoch, owner, names, number } = config;
      text = `${version}.${epoch}${this.member(owner)}[${this.members(names)}]${number}`;
      this.#configs.set(config, text);
    }
    return text;
  }

  configs(configs: readonly Config[]): string {
    let text = '';
    for (const config of configs) text += `${this.config(config)}+`;
    return text;
  }
}

const renamings = new Map<string, Renaming>();
function renamingTo(order: readonly number[]): Renaming {
  const code = order.join('');
  let known = renamings.get(code);
  if (!known) renamings.set(code, (known = new Renaming(order)));
  return known;
}

const sortedText = (texts: string[]): string => (texts.length > 1 ? texts.sort().join(' ') : (texts[0] ?? ''));

function instanceText(i: Instance, to: Renaming): string {
  let flushed = '';
  for (const index of to.order) {
    const said = i.flushed[index];
    if (said) flushed += `${to.member(said[0])}:${said[1]},`;
  }
  const promises = sortedText(i.promises.map((text) => to.promise(text)));
  const flags = (i.up ? 1 : 0) + (i.ownsLog ? 2 : 0) + (i.restarted ? 4 : 0);
  return (
    `${flags}${i.role[2]}|${to.place[i.incarnation] ?? i.incarnation}|${i.log}|${i.promised}|${i.led}|${i.unsynced}|` +
    `${to.place[i.source] ?? -1}|${i.candidacy}|${promises}|${to.configs(i.quorumOf)}|${to.config(i.config)}|` +
    `${to.config(i.before)}|${i.barrier}|${flushed}`
  );
}

const leaseText = ({ holder, epoch, configs, members }: Lease, to: Renaming): string =>
  `${to.member(holder)}/${epoch}/${to.configs(configs)}/${to.members(members)}`;

/** What an instance is, whatever it is called. */
function nameless(world: World, index: number, i: Instance): string {
  let flushed = '';
  for (const other of world.instances) if (other.role === 'primary') flushed += `${other.flushed[index]?.[1] ?? ''},`;
  const flags = (i.up ? 1 : 0) + (i.ownsLog ? 2 : 0) + (i.source < 0 ? 4 : 0);
  const holds = world.lease.holder === member(world, index) ? 'h' : '';
  return `${i.role[2]}${i.log}|${i.led}|${i.promised}|${flags}|${i.candidacy}|${i.promises.length}${holds}|${flushed}`;
}

function orderOf(world: World): number[] {
  const texts = world.instances.map((instance, index) => nameless(world, index, instance));
  const order = texts.map((_, index) => index);
  return order.sort((a, b) => ((texts[a] ?? '') < (texts[b] ?? '') ? -1 : texts[a] === texts[b] ? a - b : 1));
}

/** Equal worlds have equal keys; counters of the bounds belong to it, since they say what may still happen. */
export function worldKey(world: World): string {
  const to = renamingTo(orderOf(world));
  let instances = '';
  for (const index of to.order) {
    const instance = world.instances[index];
    if (instance) instances += `${instanceText(instance, to)}/`;
  }
  const answers = sortedText(
    world.answers.map(([candidate, epoch, text]) => `${to.place[candidate]}.${epoch}.${to.promise(text)}`),
  );
  const acknowledged = world.acknowledged.length > 1 ? [...world.acknowledged].sort().join('') : world.acknowledged;
  return (
    `${instances}${leaseText(world.lease, to)}/${answers}/${acknowledged}/${world.commits}/${world.promotions.join('.')}/` +
    `${world.newestLog}/${world.crashes}/${world.losses}/${world.changes}/${world.stops}/${world.wrong}`
  );
}
