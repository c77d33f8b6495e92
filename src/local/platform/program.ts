import { createHash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { chmod, copyFile, link, mkdir, readFile, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from './config.ts';

const manifestName = '"name": "howdah"';

/** The folder with package.json, crds/ and dist/: above this file, both in the sources and in the bundle. */
export async function packageRoot(from: string = import.meta.dirname): Promise<string> {
  for (let step = from; ; step = path.dirname(step)) {
    const text = await readFile(path.join(step, 'package.json'), 'utf8').catch(() => '');
    if (text.includes(manifestName)) return step;
    if (step === path.dirname(step)) throw new UserError(`no package.json of Howdah above ${from}`);
  }
}

/** node_modules with pg15 … pg18: $HOWDAH_POSTGRES_PACKAGES, or the one that the program was installed with. */
export async function findPackages(env: NodeJS.ProcessEnv): Promise<string> {
  const given = env['HOWDAH_POSTGRES_PACKAGES'];
  if (given !== undefined && given !== '') return path.resolve(given);
  const root = await packageRoot();
  const own = path.join(root, 'node_modules');
  // npm hoists dependencies beside the package when it is itself a dependency.
  return existsSync(path.join(own, 'pg18')) ? own : path.dirname(root);
}

/** Puts a file in place by a hard link, or by a copy where a link cannot be or its permissions keep `reader` out. */
async function place(source: string, target: string, readableByAll: boolean): Promise<void> {
  const { mode } = await stat(source);
  const wanted = constants.S_IROTH | (mode & constants.S_IXUSR ? constants.S_IXOTH : 0);
  const open = !readableByAll || (mode & wanted) === wanted;
  if (
    open &&
    (await link(source, target).then(
      () => true,
      () => false,
    ))
  )
    return;
  await copyFile(source, target);
  if (readableByAll) await chmod(target, mode & constants.S_IXUSR ? 0o755 : 0o644);
}

async function placeTree(source: string, target: string, readableByAll: boolean): Promise<void> {
  await mkdir(target, { mode: 0o755 });
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)];
    if (entry.isDirectory()) await placeTree(from, to, readableByAll);
    else if (entry.isSymbolicLink()) await symlink(await readlink(from), to);
    else await place(from, to, readableByAll);
  }
}

/** A copy of a tree, whole or not at all; one that is there stays. `finish` completes it before it gets its name. */
export async function placeOnce(
  source: string,
  target: string,
  readableByAll: boolean,
  finish: (tree: string) => Promise<void> = async () => {},
): Promise<void> {
  if (existsSync(target)) return;
  const staging = `${target}.new-${process.pid}`;
  await mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
  await rm(staging, { recursive: true, force: true });
  try {
    await placeTree(source, staging, readableByAll);
    await finish(staging);
    await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Another process was quicker: its copy is as good.
    if (existsSync(target)) return;
    throw error;
  }
}

/** A short digest of a built program: its scripts by content, the Node binary by size. */
async function digest(tree: string): Promise<string> {
  const hash = createHash('sha256');
  const files = await readdir(tree, { recursive: true, withFileTypes: true });
  const names = files.filter((it) => it.isFile()).map((it) => path.join(it.parentPath, it.name));
  for (const name of names.sort()) {
    const { size } = await stat(name);
    hash.update(`${path.relative(tree, name)}\0${size}\0`);
    if (path.basename(name) !== 'node') hash.update(await readFile(name));
  }
  return hash.digest('hex').slice(0, 12);
}

/** Copies the built program (dist/howdah) to images/, where builds and clean-ups do not disturb what runs. */
export async function placeProgram(images: string, readableByAll: boolean): Promise<string> {
  const built = path.join(await packageRoot(), 'dist', 'howdah');
  if (!existsSync(path.join(built, 'bin', 'node'))) {
    throw new UserError(`the program is not built: ${built} is missing ("npm run build")`);
  }
  const target = path.join(images, `howdah-${await digest(built)}`);
  await placeOnce(built, target, readableByAll);
  return target;
}

/** How to start this program again: from sources as we were started, else from the copy in images/. */
export function programCommand(placed: string, argv: readonly string[] = process.argv): string[] {
  const quiet = '--disable-warning=ExperimentalWarning';
  const script = argv[1] ?? '';
  return script.endsWith('.ts')
    ? [process.execPath, quiet, script]
    : [path.join(placed, 'bin', 'node'), quiet, path.join(placed, 'lib', 'howdah.mjs')];
}
