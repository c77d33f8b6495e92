import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { ImageStore, LocalImage } from './pod/images.ts';
import { type LocalConfig, UserError, places } from '../platform/config.ts';
import { placeOnce } from '../platform/program.ts';

export type ParsedImage =
  { readonly kind: 'program' } | { readonly kind: 'postgres'; readonly major: string } | { readonly kind: 'unknown' };

/** What an image's name says: `…/howdah:…` is this program, `…/postgres[ql]:18.6-…` is PostgreSQL 18. */
export function parseImage(image: string): ParsedImage {
  const [name = ''] = image.split('@');
  const last = name.slice(name.lastIndexOf('/') + 1);
  const [repository = '', tag = ''] = last.split(':');
  if (repository === 'howdah') return { kind: 'program' };
  const major = /^(\d+)(?![\d])/.exec(tag)?.[1];
  if (/^postgres(ql)?$/.test(repository) && major !== undefined) return { kind: 'postgres', major };
  return { kind: 'unknown' };
}

/** Makes the library links that the package's install script makes, if npm was told to run none. */
async function linkLibraries(tree: string): Promise<void> {
  const list = JSON.parse(await readFile(path.join(tree, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    const [from, to] = [source, target].map((it) => path.join(tree, it.replace(/^native\//, ''))) as [string, string];
    // The package's tree is the only place this may write to, whatever the list says.
    if (existsSync(to) || !to.startsWith(`${tree}${path.sep}`)) continue;
    await symlink(path.relative(path.dirname(to), from), to);
  }
}

const majors = ['15', '16', '17', '18'];

/** Images of the embedded engine: this program, and PostgreSQL by major version from npm packages or from directories. */
export class LocalImages implements ImageStore {
  readonly #config: LocalConfig;
  readonly #pending = new Map<string, Promise<string>>();

  constructor(config: LocalConfig) {
    this.#config = config;
  }

  async resolve(image: string): Promise<LocalImage> {
    const parsed = parseImage(image);
    switch (parsed.kind) {
      case 'program':
        return { path: [], links: { '/howdah': this.#config.program } };
      case 'postgres':
        return { path: [await this.#programs(parsed.major, image)], links: {} };
      case 'unknown':
        throw new UserError(`no image "${image}" on this machine: ${this.#known()}`);
      default:
        return parsed satisfies never;
    }
  }

  #known(): string {
    const own = Object.keys(this.#config.postgres);
    const all = [...new Set([...majors, ...own])].sort().join(', ');
    return `there are this program (localhost/howdah) and PostgreSQL ${all} (such as postgres:18); --postgres-dir MAJOR=DIR adds others`;
  }

  #programs(major: string, image: string): Promise<string> {
    const own = this.#config.postgres[major];
    if (own !== undefined) return Promise.resolve(own);
    const known = this.#pending.get(major) ?? this.#fromPackage(major, image);
    this.#pending.set(major, known);
    // A failed copy is tried again by the next pod.
    known.catch(() => this.#pending.delete(major));
    return known;
  }

  async #fromPackage(major: string, image: string): Promise<string> {
    const source = path.join(this.#config.packages, `pg${major}`, 'native');
    if (!existsSync(path.join(source, 'bin', 'postgres'))) {
      const why = majors.includes(major) ? `; ${source} is missing` : '';
      throw new UserError(`no PostgreSQL ${major} for image "${image}" on this machine${why}: ${this.#known()}`);
    }
    const version = JSON.parse(await readFile(path.join(source, '..', 'package.json'), 'utf8')) as { version: string };
    const target = path.join(places(this.#config).images, `postgres-${major}-${version.version}`);
    await placeOnce(source, target, this.#config.user !== undefined, linkLibraries);
    return path.join(target, 'bin');
  }
}
