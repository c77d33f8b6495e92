// Server-side apply, as far as the product relies on it: what this manager said before and says no more goes away, what others said
// stays; conditions are told apart by their type, other lists are one value.
type Json = Record<string, unknown>;

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Condition {
  readonly type: string;
}

const isConditions = (value: unknown): value is Condition[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof (item as Condition).type === 'string');

const byType = (value: unknown): Json =>
  Object.fromEntries((isConditions(value) ? value : []).map((condition) => [condition.type, condition]));

/** What is left when a manager takes back what it said; undefined when nothing is. */
function without(found: unknown, said: unknown): unknown {
  if (isConditions(said) && isConditions(found)) {
    const left = found.filter(({ type }) => byType(said)[type] === undefined);
    return left.length === 0 ? undefined : left;
  }
  if (!isMap(said) || !isMap(found)) return undefined;
  const left = Object.entries(found).flatMap(([key, value]): [string, unknown][] => {
    const kept = key in said ? without(value, said[key]) : value;
    return kept === undefined ? [] : [[key, kept]];
  });
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

/** `before`: what the same manager applied the last time. */
export function applied(found: unknown, wanted: unknown, before: unknown): unknown {
  if (isConditions(wanted)) return Object.values(applied(byType(found), byType(wanted), byType(before)) as Json);
  if (!isMap(wanted)) return wanted;
  const result: Json = isMap(found) ? { ...found } : {};
  const said = isMap(before) ? before : {};
  for (const key of Object.keys(said)) {
    if (key in wanted) continue;
    const left = without(result[key], said[key]);
    if (left === undefined) delete result[key];
    else result[key] = left;
  }
  for (const [key, value] of Object.entries(wanted)) result[key] = applied(result[key], value, said[key]);
  return result;
}
