import { runProxy } from './run.ts';
import { loadConfig } from '../platform/config.ts';
import { connect } from '../platform/connect.ts';
import { parseOptions } from '../platform/options.ts';
import { logLine, serve, waitForApi } from '../platform/serve.ts';

export async function main(args: string[]): Promise<number> {
  const config = await loadConfig(parseOptions(args, {}).data);
  await using api = await connect(config, 'controllers');
  return serve(async (signal) => {
    await waitForApi(api, signal);
    await runProxy({ api, signal, log: logLine });
  });
}
