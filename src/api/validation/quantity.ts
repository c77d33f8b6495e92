import { quantityPattern } from '../kubernetes/quantity.ts';

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const grammar = new RegExp(quantityPattern);

/** The number that a Kubernetes quantity stands for (`1Gi` → 1073741824, `500m` → 0.5), or undefined when it is none. */
export function parseQuantity(quantity: string | number): number | undefined {
  const text = String(quantity);
  if (!grammar.test(text)) return undefined;
  const match = /^([+-]?[0-9.]+)(.*)$/.exec(text);
  const [, digits = '', suffix = ''] = match ?? [];
  // `5E` is five exa, `5E3` is five thousand.
  if (/^[eE][+-]?[0-9.]/.test(suffix)) return Number(digits + suffix);
  const factor = factors[suffix];
  return factor === undefined ? undefined : Number(digits) * factor;
}
