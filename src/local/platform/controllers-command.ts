import { runControllers } from '../controllers/run.ts';
import { loadConfig, places } from './config.ts';
import { connect } from './connect.ts';
import { parseOptions } from './options.ts';
import { logLine, serve, waitForApi } from './serve.ts';

export async function main(args: string[]): Promise<number> {
  const config = await loadConfig(parseOptions(args, {}).data);
  await using api = await connect(config, 'controllers');
  const user = config.user ? { user: config.user } : {};
  return serve(async (signal) => {
    await waitForApi(api, signal);
    await runControllers({ api, nodes: places(config).nodes, ...user, signal, log: logLine });
  });
}
