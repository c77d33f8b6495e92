import type { Loose } from '../model/types.ts';

type Step = (values: Loose[]) => Loose[];

const children = (value: Loose): Loose[] => (typeof value === 'object' && value !== null ? Object.values(value) : []);

/** `?(@.type=="Ready")`: items whose field equals (or differs from) a literal. */
function filterStep(expression: string): Step {
  const match = /^\?\(\s*@(?<path>[^=!<>]*?)\s*(?:(?<operator>==|!=)\s*(?<literal>.+?)\s*)?\)$/.exec(
    expression,
  )?.groups;
  if (!match) throw new Error(`unsupported filter ${expression}`);
  const inner = jsonPath(match['path'] ?? '');
  const literal = match['literal'];
  const wanted: Loose = literal === undefined ? undefined : JSON.parse(literal.replace(/^'(.*)'$/, '"$1"'));
  return (values) =>
    values.flatMap(children).filter((item) => {
      const found = inner(item);
      if (literal === undefined) return found.length > 0;
      return found.some((value) => value === wanted) === (match['operator'] === '==');
    });
}

function bracketStep(inside: string): Step {
  if (inside === '*') return (values) => values.flatMap(children);
  if (inside.startsWith('?')) return filterStep(inside);
  if (/^-?\d+$/.test(inside)) {
    return (values) => values.map((value) => (Array.isArray(value) ? value.at(Number(inside)) : undefined));
  }
  const key = inside.replace(/^['"](.*)['"]$/, '$1');
  return (values) => values.map((value) => value?.[key]);
}

/** The subset of JSONPath that printer columns use: fields, indexes, `*`, filters by equality. */
export function jsonPath(path: string): (root: Loose) => Loose[] {
  const steps: Step[] = [];
  const token = /\.?\[(?<inside>\?\((?:[^()]|\([^()]*\))*\)|'[^']*'|"[^"]*"|[^\]]+)\]|\.(?<field>(?:\\.|[^.[\\])+)/gy;
  const text = path.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '');
  const source = text === '' || text.startsWith('.') || text.startsWith('[') ? text : `.${text}`;
  while (token.lastIndex < source.length) {
    const groups = token.exec(source)?.groups;
    if (!groups) throw new Error(`unsupported JSONPath ${path}`);
    const field = groups['field']?.replace(/\\(.)/g, '$1');
    steps.push(bracketStep(field === undefined ? (groups['inside'] ?? '') : field === '*' ? '*' : `'${field}'`));
  }
  return (root) =>
    steps.reduce<Loose[]>(
      (values, step) => step(values).filter((value) => value !== undefined && value !== null),
      [root],
    );
}
