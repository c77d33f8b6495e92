// docs/licences.md: under which licences stands what Howdah is put together from, by package-lock.json.
import { readFileSync } from 'node:fs';
import path from 'node:path';

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}
interface Lockfile {
  readonly packages: Readonly<Record<string, Locked & { readonly dependencies?: Readonly<Record<string, string>> }>>;
}

const lockfile = path.join(path.dirname(import.meta.dirname), 'package-lock.json');
const prefix = 'node_modules/';

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The page, in Markdown. */
export function licencesPage(): string {
  const { packages } = JSON.parse(readFileSync(lockfile, 'utf8')) as Lockfile;
  const direct = Object.keys(packages['']?.dependencies ?? {}).sort();
  const shipped = Object.entries(packages).filter(([name, { dev }]) => name !== '' && dev !== true);
  const byLicence = Map.groupBy(shipped, ([, { license }]) => license ?? 'not said');
  const counts = [...byLicence].sort(([a, one], [b, other]) => other.length - one.length || a.localeCompare(b));
  const about = (name: string): Locked => packages[prefix + name] ?? {};
  return `# Licences of what Howdah uses

Written by \`npm run generate\` from package-lock.json. What only development needs is left out: it is not shipped.

| dependency | version | licence |
| --- | --- | --- |
${direct.map((name) => row([name, about(name).version ?? '', about(name).license ?? 'not said'])).join('\n')}

With what these need themselves:

| licence | packages |
| --- | --- |
${counts.map(([licence, all]) => row([licence, String(all.length)])).join('\n')}
`;
}
