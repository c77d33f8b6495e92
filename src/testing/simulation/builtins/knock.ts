// src/instance/ha/knock.ts: the simulated kernel takes the connection where the simulated PostgreSQL listens.
import { theWorld } from '../stage.ts';

export async function knock(host: string, _port: number, milliseconds: number): Promise<boolean> {
  const world = theWorld();
  const server = world.here().serverAt(host);
  if (server?.running === true) {
    await world.wait(world.random.between(0.3, 3));
    return true;
  }
  await world.wait(milliseconds);
  return false;
}
