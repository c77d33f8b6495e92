const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const pattern =
  /^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?:[eE](?<exponent>[+-]?\d+)|(?<suffix>[A-Za-z]{0,2}))$/;

/** The value of a Kubernetes quantity in billionths, exact; undefined when it is none. */
export function parseQuantity(text: string): bigint | undefined {
  const groups = pattern.exec(text.trim())?.groups;
  if (!groups) return undefined;
  const { sign, whole = '', fraction = '', exponent, suffix = '' } = groups;
  if (whole === '' && fraction === '') return undefined;
  const power = binary.indexOf(suffix);
  const ten = exponent === undefined ? decimal[suffix] : Number(exponent);
  let value = BigInt(whole + fraction) * 1_000_000_000n;
  if (suffix !== '' && power > 0) value *= 1024n ** BigInt(power);
  else if (ten === undefined) return undefined;
  else value = ten >= 0 ? value * 10n ** BigInt(ten) : value / 10n ** BigInt(-ten);
  value /= 10n ** BigInt(fraction.length);
  return sign === '-' ? -value : value;
}
