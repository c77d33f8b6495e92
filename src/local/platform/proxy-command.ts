import { runProxy } from '../proxy/run.ts';
import { loadConfig } from './config.ts';
import { connect } from './connect.ts';
import { parseOptions } from './options.ts';
import { logLine, serve, waitForApi } from './serve.ts';

export async function main(args: string[]): Promise<number> {
  const config = await loadConfig(parseOptions(args, {}).data);
  await using api = await connect(config, 'controllers');
  return serve(async (signal) => {
    await waitForApi(api, signal);
    await runProxy({ api, signal, log: logLine });
  });
}
