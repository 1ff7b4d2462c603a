import { PassThrough } from 'node:stream';
import { vi } from 'vitest';
import type { ChildPlan } from '../../../../src/handoff/effects.ts';
import type { Ending } from '../../../../src/handoff/states.ts';
import type { AppServerSessionParts } from '../../../../src/session/app-server/app-server-session.ts';
import { runAppServerSession } from '../../../../src/session/app-server/run-app-server-session.ts';
import { type Told, uuid } from '../../relay/relay-scene.ts';
import { openScriptedAccounts, type Scene } from '../exec/exec-scene.ts';
import { ScriptedServer, type ServerScript } from './scripted-server.ts';

export interface ServerScene extends Omit<Scene, 'children'> {
  servers: ServerScript[];
  parts?: Partial<AppServerSessionParts>;
}

/** The servers of the scene that is played, in the order of their starts. A test mocks `server-child.ts` with `startScripted`. */
let current: { scripts: ServerScript[]; started: ScriptedServer[] } = { scripts: [], started: [] };

export function startScripted(_: ChildPlan, waitsForClient: () => boolean): ScriptedServer {
  const { scripts, started } = current;
  const script = scripts[started.length];
  if (script === undefined) throw new Error('nobody expects another server');
  const server = new ScriptedServer(script, started.length, waitsForClient);
  started.push(server);
  return server;
}

export const THREAD = uuid(1, 1);

/** A session with a client of lines and scripted servers, in this process. */
export function openSession(scene: ServerScene) {
  const did: string[] = [];
  const [input, output] = [new PassThrough(), new PassThrough()];
  const started: ScriptedServer[] = [];
  current = { scripts: scene.servers, started };
  const plan: ChildPlan = { file: 'codex', args: ['app-server'], cwd: '/', env: {} };
  const note = (what: string) => {
    did.push(what);
    scene.when?.(what);
  };
  const parts: AppServerSessionParts = {
    firstPlan: plan,
    nextPlan: async () => plan,
    client: () => ({ input, output }),
    ...{
      prompt: 'continue',
      recordClient: (name) => note(`client ${name}`),
      say: (line) => note(`say ${line}`),
    },
    forbids: () => undefined,
    accounts: openScriptedAccounts(scene, note),
    accountCount: (scene.next?.length ?? 0) + 1,
    log: () => undefined,
    ...{ recordThread: () => undefined, recordChild: () => undefined },
    report: (error) => `reported: ${(error as Error).message}`,
    ...(scene.wait === undefined ? {} : { wait: scene.wait }),
    ...scene.parts,
  };
  let text = '';
  let isReading = true;
  output.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const ended: { ending?: Ending; error?: unknown } = {};
  const ending = runAppServerSession(parts).then(
    (end) => Object.assign(ended, { ending: end }),
    (error) => Object.assign(ended, { error }),
  );
  const session = {
    ...{ did, input, output, started, ending, ended },
    server: () => started.at(-1) as ScriptedServer,
    send: (...messages: object[]) => {
      for (const message of messages) input.write(`${JSON.stringify(message)}\n`);
    },
    messages: () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Told),
    waitFor: (what: () => boolean) => vi.waitUntil(what, { timeout: 5000, interval: 2 }),
    told: (method: string) => session.messages().filter((message) => message.method === method),
    answerTo: (id: number) =>
      session.messages().find((message) => message.id === id && message.method === undefined),
    stopReading: () => {
      isReading = false;
      output.pause();
    },
    readOn: () => {
      isReading = true;
      output.resume();
    },
    isReading: () => isReading,
    /** The client has introduced itself, and has a thread. */
    async begin() {
      await session.waitFor(() => started.length === 1);
      session.send(
        { id: 1, method: 'initialize', params: { clientInfo: { name: 'lab' } } },
        { method: 'initialized' },
      );
      session.send({ id: 2, method: 'thread/start', params: {} });
      await session.waitFor(() => session.answerTo(2) !== undefined);
    },
    startTurn: (id = 3) =>
      session.send({ id, method: 'turn/start', params: { threadId: THREAD, input: [] } }),
  };
  return session;
}
