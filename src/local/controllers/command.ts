import { runControllers } from './run.ts';
import { loadConfig, places } from '../platform/config.ts';
import { connect } from '../platform/connect.ts';
import { parseOptions } from '../platform/options.ts';
import { logLine, serve, waitForApi } from '../platform/serve.ts';

export async function main(args: string[]): Promise<number> {
  const config = await loadConfig(parseOptions(args, {}).data);
  await using api = await connect(config, 'controllers');
  const user = config.user ? { user: config.user } : {};
  return serve(async (signal) => {
    await waitForApi(api, signal);
    await runControllers({ api, nodes: places(config).nodes, ...user, signal, log: logLine });
  });
}
