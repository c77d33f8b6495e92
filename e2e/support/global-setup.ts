import { createBucket } from './bucket.ts';
import { localPlatform } from './platform.ts';
import { type SharedPlatform, tellShared } from './shared.ts';

const state = globalThis as { howdahPlatform?: AsyncDisposable };

/** Starts the embedded engine, unless somebody (npm run e2e:kube) has named a platform already. */
export default async function setUp(): Promise<void> {
  const named = process.env['HOWDAH_E2E'];
  if (named !== undefined) {
    await createBucket((JSON.parse(named) as SharedPlatform).objectStore);
    return;
  }
  const platform = await localPlatform();
  state.howdahPlatform = platform;
  tellShared(platform);
  await createBucket(platform.objectStore);
}
