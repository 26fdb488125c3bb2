// A platform with the app `once`, of which nothing runs but one-off processes.
import type { AppRepository } from './app-repository.ts';
import { appNetworks } from './engine-socket.ts';
import { startPlatform, type TestPlatform } from './platform.ts';

export interface OnceApp {
  platform: TestPlatform;
  app: AppRepository;
  /** What is left of its one-off processes; its network is there for them alone. */
  left(): Promise<string[]>;
}

export async function startOnceApp(): Promise<OnceApp> {
  const platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '3', TWELVE_REATTACH_TIMEOUT: '8' });
  const left = async (): Promise<string[]> => [
    ...(await platform.containers('once', 'run')).map(({ name, state }) => `${name} ${state}`),
    ...(await appNetworks(platform.instance)),
  ];
  try {
    const app = await platform.createApp('once', null, { files: { Procfile: 'worker: sleep 100000\n' } });
    await platform.push(app);
    return { platform, app, left };
  } catch (error) {
    await platform[Symbol.asyncDispose]();
    throw error;
  }
}
