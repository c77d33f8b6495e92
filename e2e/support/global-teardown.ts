const state = globalThis as { howdahPlatform?: AsyncDisposable };

export default async function tearDown(): Promise<void> {
  await state.howdahPlatform?.[Symbol.asyncDispose]();
}
