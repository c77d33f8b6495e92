import type { Environment } from '@marcbachmann/cel-js';
import { parseQuantity } from '../schema/quantity.ts';

const unit = 1_000_000_000n;

/** `quantity('10Mi')` in a rule; counted in billionths. */
export class Quantity {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }

  static parse(text: string): Quantity {
    const value = parseQuantity(text);
    if (value === undefined)
      throw new Error(`quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`);
    return new Quantity(value);
  }
}

const compare = (a: bigint, b: bigint): bigint => (a < b ? -1n : a > b ? 1n : 0n);

export function registerQuantity(env: Environment): void {
  env
    .registerType('kubernetes.Quantity', Quantity)
    .registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined)
    .registerFunction('quantity(string): kubernetes.Quantity', (text: string) => Quantity.parse(text))
    .registerFunction('kubernetes.Quantity.sign(): int', (q: Quantity) => compare(q.value, 0n))
    .registerFunction('kubernetes.Quantity.isInteger(): bool', (q: Quantity) => q.value % unit === 0n)
    .registerFunction('kubernetes.Quantity.asInteger(): int', (q: Quantity) => q.value / unit)
    .registerFunction(
      'kubernetes.Quantity.asApproximateFloat(): double',
      (q: Quantity) => Number(q.value) / Number(unit),
    )
    .registerFunction(
      'kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity',
      (a: Quantity, b: Quantity) => new Quantity(a.value + b.value),
    )
    .registerFunction(
      'kubernetes.Quantity.add(int): kubernetes.Quantity',
      (a: Quantity, b: bigint) => new Quantity(a.value + b * unit),
    )
    .registerFunction(
      'kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity',
      (a: Quantity, b: Quantity) => new Quantity(a.value - b.value),
    )
    .registerFunction(
      'kubernetes.Quantity.sub(int): kubernetes.Quantity',
      (a: Quantity, b: bigint) => new Quantity(a.value - b * unit),
    )
    .registerFunction(
      'kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool',
      (a: Quantity, b: Quantity) => a.value < b.value,
    )
    .registerFunction(
      'kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool',
      (a: Quantity, b: Quantity) => a.value > b.value,
    )
    .registerFunction('kubernetes.Quantity.compareTo(kubernetes.Quantity): int', (a: Quantity, b: Quantity) =>
      compare(a.value, b.value),
    );
}
