import { randomBytes } from 'node:crypto';
import { resource } from '../../src/kube/resource-types.ts';
import { createNamespace } from './cluster.ts';
import { type ObjectStoreAccess, type Platform, kubernetesPlatform } from './platform.ts';

/** What global-setup tells the test files, in the environment variable HOWDAH_E2E. */
export interface SharedPlatform {
  readonly engine: Platform['engine'];
  readonly kubeconfig: string;
  readonly objectStore: ObjectStoreAccess;
  /** With MAJOR in the place of the major version. */
  readonly image: string;
  /** Data directory of the embedded engine. */
  readonly data?: string;
}

/** Makes a platform the one that everything in this process and its children uses. */
export function tellShared(platform: Platform & { readonly data?: string }): void {
  const { engine, kubeconfig, objectStore, data } = platform;
  const image = platform.image(18).replace(/18$/, 'MAJOR');
  const told: SharedPlatform = { engine, kubeconfig, objectStore, image, ...(data !== undefined && { data }) };
  process.env['HOWDAH_E2E'] = JSON.stringify(told);
}

export function shared(): SharedPlatform {
  const text = process.env['HOWDAH_E2E'];
  if (text === undefined) throw new Error('HOWDAH_E2E is not set; run the tests by npm test or npm run e2e:kube');
  return JSON.parse(text) as SharedPlatform;
}

/** The platform that all files share; disposing of it ends this file's connections only. */
export function openShared(): Platform {
  const { engine, kubeconfig, objectStore, image } = shared();
  return { ...kubernetesPlatform(kubeconfig, objectStore, (major) => image.replace('MAJOR', String(major))), engine };
}

/** A namespace with the object store's credentials, deleted with all that is in it at the end. */
export async function openNamespace(platform: Platform, prefix: string): Promise<{ name: string } & AsyncDisposable> {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  await createNamespace(platform, name);
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await platform.api.delete(resource.namespaces, { name });
    },
  };
}
