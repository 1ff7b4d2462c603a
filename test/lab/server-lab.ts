import type { Backend, BackendOptions } from './backend/index.ts';
import { codexUnderTest } from './codex-under-test.ts';
import { type ServerClient, startServerClient } from './server-client.ts';
import { createSupervisedLab, type Supervised, type SupervisedOptions } from './supervised.ts';

export interface ServerScene {
  backend: Backend;
  hotswap: Supervised;
  /** Starts `codex app-server` with a client on it. `bare`: Codex without us. */
  connect(options?: ConnectOptions): ServerClient;
}

export interface ConnectOptions {
  bare?: boolean;
  args?: readonly string[];
  env?: Record<string, string>;
}

/** Scenes with clients of `codex app-server`; hand `close` to `afterEach`. Needs a build. */
export function createServerLab(): {
  open(accounts: BackendOptions['accounts'], options?: SupervisedOptions): Promise<ServerScene>;
  close(): Promise<void>;
} {
  const lab = createSupervisedLab();
  const clients: ServerClient[] = [];
  return {
    async open(accounts, options) {
      // Bare Codex is logged in as the first account.
      const login = accounts[0]?.name;
      const scene = await lab.openLab(accounts, { ...(login && { login }), ...options });
      const { sandbox } = scene.hotswap;
      return {
        ...scene,
        connect({ bare = false, args = ['app-server'], env = {} } = {}) {
          const program = bare ? [codexUnderTest.native] : scene.hotswap.commandLine();
          const place = { env: { ...sandbox.env, ...env }, cwd: sandbox.work };
          const client = startServerClient([...program, ...args], place);
          clients.push(client);
          return client;
        },
      };
    },
    async close() {
      // The end of its launcher ends a server. A scene that leaves one fails by its strays.
      for (const client of clients.splice(0)) {
        client.process.kill('SIGKILL');
        await client.ended;
      }
      await lab.close();
    },
  };
}
