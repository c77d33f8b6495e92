import { Environment } from '@marcbachmann/cel-js';
import { formats } from '../schema/formats.ts';
import type { Loose } from '../model/types.ts';
import { registerNet } from './cel-net.ts';
import { registerQuantity } from './cel-quantity.ts';

/** Receivers of functions that are called by the name of their library: `sets.contains(a, b)`. */
class Sets {}
class Formats {}

class Format {
  readonly check: (text: string) => boolean;
  readonly name: string;

  constructor(name: string, check: (text: string) => boolean) {
    this.name = name;
    this.check = check;
  }
}

const same = (a: Loose, b: Loose): boolean => a === b || text(a) === text(b);
const text = (value: Loose): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? Number(item) : item)) ?? '';
const includes = (list: Loose[], item: Loose): boolean => list.some((other) => same(other, item));
const add = (a: Loose, b: Loose): Loose => a + b;

function registerLists(env: Environment): void {
  const extreme = (list: Loose[], better: (a: Loose, b: Loose) => boolean): Loose => {
    if (list.length === 0) throw new Error('min/max called on empty list');
    return list.reduce((best, item) => (better(item, best) ? item : best));
  };
  env
    .registerFunction('list.isSorted(): bool', (list: Loose[]) =>
      list.every((item, i) => i === 0 || !(item < list[i - 1])),
    )
    .registerFunction('list.sum(): dyn', (list: Loose[]) => (list.length === 0 ? 0n : list.reduce(add)))
    .registerFunction('list.min(): dyn', (list: Loose[]) => extreme(list, (a, b) => a < b))
    .registerFunction('list.max(): dyn', (list: Loose[]) => extreme(list, (a, b) => a > b))
    .registerFunction('list.indexOf(dyn): int', (list: Loose[], item: Loose) =>
      BigInt(list.findIndex((other) => same(other, item))),
    )
    .registerFunction('list.lastIndexOf(dyn): int', (list: Loose[], item: Loose) =>
      BigInt(list.findLastIndex((other) => same(other, item))),
    )
    .registerType('kubernetes.Sets', Sets)
    .registerConstant('sets', 'kubernetes.Sets', new Sets())
    .registerFunction('kubernetes.Sets.contains(list, list): bool', (_: Sets, a: Loose[], b: Loose[]) =>
      b.every((item) => includes(a, item)),
    )
    .registerFunction('kubernetes.Sets.intersects(list, list): bool', (_: Sets, a: Loose[], b: Loose[]) =>
      b.some((item) => includes(a, item)),
    )
    .registerFunction(
      'kubernetes.Sets.equivalent(list, list): bool',
      (_: Sets, a: Loose[], b: Loose[]) => a.every((item) => includes(b, item)) && b.every((item) => includes(a, item)),
    );
}

const print = (value: Loose): string => (typeof value === 'string' ? value : text(value));

/** printf as CEL has it: %s %d %f %e %b %x %X %o with an optional precision. */
function printf(template: string, values: Loose[]): string {
  let next = 0;
  return template.replace(
    /%(?:%|(?:\.(\d+))?([sdfebxXo]))/g,
    (all, precision: string | undefined, verb: string | undefined) => {
      if (verb === undefined) return '%';
      if (next >= values.length) throw new Error(`no argument for ${all}`);
      const value: Loose = values[next++];
      if (verb === 'f') return Number(value).toFixed(Number(precision ?? 6));
      if (verb === 'e') return Number(value).toExponential(Number(precision ?? 6));
      if (verb === 'b') return typeof value === 'boolean' ? (value ? '1' : '0') : value.toString(2);
      if (verb === 'o') return value.toString(8);
      if (verb === 'x' || verb === 'X') {
        const hex = typeof value === 'string' ? Buffer.from(value).toString('hex') : value.toString(16);
        return verb === 'X' ? hex.toUpperCase() : hex;
      }
      return print(value);
    },
  );
}

function registerStrings(env: Environment): void {
  env
    .registerFunction(
      'string.find(string): string',
      (value: string, pattern: string) => new RegExp(pattern).exec(value)?.[0] ?? '',
    )
    .registerFunction('string.findAll(string): list<string>', (value: string, pattern: string) =>
      [...value.matchAll(new RegExp(pattern, 'g'))].map(([found]) => found),
    )
    .registerFunction('string.findAll(string, int): list<string>', (value: string, pattern: string, limit: bigint) =>
      [...value.matchAll(new RegExp(pattern, 'g'))]
        .map(([found]) => found)
        .slice(0, limit < 0n ? undefined : Number(limit)),
    )
    .registerFunction('string.charAt(int): string', (value: string, index: bigint) => value.charAt(Number(index)))
    .registerFunction('string.replace(string, string): string', (value: string, from: string, to: string) =>
      value.replaceAll(from, () => to),
    )
    .registerFunction('string.reverse(): string', (value: string) => [...value].reverse().join(''))
    .registerFunction('string.format(list): string', printf);
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const named: Readonly<Record<string, (value: string) => boolean>> = {
  dns1123Label: (value) => label.test(value),
  dns1123Subdomain: (value) => value.length <= 253 && subdomain.test(value),
  dns1035Label: (value) => /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value),
  qualifiedName: (value) => /^([a-z0-9.-]+\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(value),
  labelValue: (value) => /^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$/.test(value),
  uri: (value) => formats['uri']?.(value) ?? false,
  uuid: (value) => formats['uuid']?.(value) ?? false,
  byte: (value) => formats['byte']?.(value) ?? false,
  date: (value) => formats['date']?.(value) ?? false,
  datetime: (value) => formats['date-time']?.(value) ?? false,
};

/** `format.dns1123Label().validate(s)`: none when it is well formed, else the reasons. */
function registerFormats(env: Environment): void {
  env
    .registerType('kubernetes.NamedFormat', Format)
    .registerType('kubernetes.Formats', Formats)
    .registerConstant('format', 'kubernetes.Formats', new Formats())
    .registerFunction('kubernetes.NamedFormat.isValid(string): bool', (format: Format, value: string) =>
      format.check(value),
    );
  for (const [name, check] of Object.entries(named)) {
    env.registerFunction(`kubernetes.Formats.${name}(): kubernetes.NamedFormat`, () => new Format(name, check));
  }
}

/** The language of x-kubernetes-validations: CEL with the libraries of Kubernetes. */
export function celEnvironment(): Environment {
  const env = new Environment({
    unlistedVariablesAreDyn: true,
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
  });
  env.registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');
  registerLists(env);
  registerStrings(env);
  registerQuantity(env);
  registerNet(env);
  registerFormats(env);
  return env;
}
