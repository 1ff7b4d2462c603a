import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, onTestFailed } from 'vitest';
import type { AuthJson, Backend } from '../lab/backend/index.ts';
import { ask } from '../lab/composer.ts';
import type { OuterTerminal } from '../lab/outer-terminal.ts';
import { waitForNoStrays } from '../lab/strays.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// Tokens of 320 s that Codex would refresh at 300 s: the keeper has 10 s for each, all the time (`npm run soak`: minutes).

const SECONDS = Number(process.env.SOAK_SECONDS ?? 30);
const NAMES = ['acc1', 'acc2', 'acc3'];
const { openLab, close } = createSupervisedLab();
afterEach(close);

// Minutes of work for both cores: only when asked for.
it.runIf(process.env.SOAK_SECONDS)(
  `eight sessions on three accounts for ${SECONDS} s: no refresh token is spent twice, none is lost`,
  async () => {
    const { backend, hotswap } = await openLab(
      NAMES.map((name) => ({ name })),
      { backend: { accessTokenSeconds: 320 }, settings: { refreshMarginSeconds: 310 } },
    );
    // 0.150 damages its database when two begin at once in a new home (fact 39).
    const [program = '', ...first] = hotswap.commandLine();
    await hotswap.sandbox.run(program, [...first, 'exec', 'the first of all']);
    const endsAt = Date.now() + SECONDS * 1000;
    // After the first reuse the account is dead, and all that follows is noise.
    const isOver = () => Date.now() > endsAt || backend.tokens.counts.reuses > 0;
    const soak: Soak = { backend, hotswap, isOver, turns: 0 };
    onTestFailed(() => console.log(listRefreshes(backend)));
    const victim = hotswap.open();
    const sessions = [1, 2, 3].map((number) => runTui(soak, `tui-${number}`));
    const execs = [1, 2, 3, 4].map((number) => runExecs(soak, `exec-${number}`));
    const limits = exhaustInTurn(soak);
    const work = Promise.all([...sessions, ...execs, limits]);

    const kills = (async () => {
      await sleep(SECONDS * 300);
      await ask(victim, 'the last question');
      await hasAnswered(backend, 'the last question');
      process.kill(victim.pid, 'SIGKILL');
      await victim.waitForExit();
      await sleep(SECONDS * 200);
      await killWorker(soak);
    })();
    await Promise.all([work, kills]);

    expect(await waitForNoStrays(hotswap.sandbox.home, 30_000)).toBe(true);
    const { refreshes, reuses, revocations } = backend.tokens.counts;
    const rotations = hotswap.eventsOf('rotated').length;
    const worst = Math.max(
      ...hotswap.eventsOf('refreshed').map(({ milliseconds }) => milliseconds),
    );
    const failed = hotswap.eventsOf('refresh-failed').length;
    console.log(
      `soak, ${SECONDS} s: ${refreshes} refreshes (slowest ${worst} ms, ${failed} failed), ${reuses} reuses, ` +
        `${revocations} revocations, ${rotations} rotations, ${soak.turns} turns`,
    );
    expect({ reuses, revocations }).toEqual({ reuses: 0, revocations: 0 });
    expect(refreshes).toBeGreaterThanOrEqual(Math.floor(SECONDS / 30));
    expect(rotations).toBeGreaterThan(0);
    for (const name of NAMES) expect(tokenIn(hotswap, name)).toBe(newestOf(backend, name));
  },
  (SECONDS + 180) * 1000,
);

/** Who spent which token, and when. */
function listRefreshes({ requests }: Backend): string {
  return requests
    .filter(({ route }) => route === 'token')
    .map(({ at, answeredAt = 0, headers, body, outcome }) => {
      const { refresh_token: token } = body as { refresh_token?: string };
      const answer = `${answeredAt - at} ms ${JSON.stringify(outcome)}`;
      return `${new Date(at).toISOString()} ${token} by ${headers['user-agent']}: ${answer}`;
    })
    .join('\n');
}

interface Soak {
  backend: Backend;
  hotswap: Supervised;
  isOver(): boolean;
  turns: number;
}

async function runTui(soak: Soak, name: string): Promise<void> {
  const terminal: OuterTerminal = soak.hotswap.open();
  for (let count = 1; !soak.isOver(); count++) {
    const prompt = `${name} asks ${count}`;
    await ask(terminal, prompt);
    await hasAnswered(soak.backend, prompt);
    soak.turns += 1;
    await sleep(1000);
  }
  await quit(terminal);
}

async function runExecs(soak: Soak, name: string): Promise<void> {
  const [file = '', ...first] = soak.hotswap.commandLine();
  const cwd = join(soak.hotswap.sandbox.work, name);
  mkdirSync(cwd);
  for (let count = 1; !soak.isOver(); count++) {
    const args = [...first, 'exec', `${name} asks ${count}`];
    const run = await soak.hotswap.sandbox.run(file, args, { timeoutMs: 90_000, cwd });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    soak.turns += 1;
    await sleep(500);
  }
}

/** The account at work is at its limit for a moment; there are always two that are not. */
async function exhaustInTurn({ backend, isOver }: Soak): Promise<void> {
  while (!isOver()) {
    // Whoever is at work.
    const account = backend.account(backend.turns().at(-1)?.account ?? 'acc1');
    account.resetsAt = Math.floor(Date.now() / 1000) + 4;
    account.turnsLeft = 0;
    await sleep(10_000);
  }
  for (const account of backend.accounts) account.turnsLeft = Number.POSITIVE_INFINITY;
}

/** kill -9 for whoever refreshes, while the answer with the new token is still on its way. */
async function killWorker({ backend, hotswap }: Soak): Promise<void> {
  const release = backend.hold('refreshes');
  const from = backend.requests.length;
  await backend.waitForRequest(({ route }) => route === 'token', { from, timeoutMs: 60_000 });
  const locks = join(hotswap.sandbox.home, '.local/state/codex-hotswap/locks');
  const workers = NAMES.map((name) => holderOf(join(locks, name))).filter(
    (pid) => pid !== undefined,
  );
  expect(workers.length).toBeGreaterThan(0);
  for (const pid of workers) process.kill(pid, 'SIGKILL');
  release();
}

function holderOf(lock: string): number | undefined {
  try {
    const name = readdirSync(lock).find((file) => file.startsWith('lease.')) ?? '';
    const lease = JSON.parse(readFileSync(join(lock, name), 'utf8')) as {
      users?: { pid: number }[];
    };
    return lease.users?.[0]?.pid;
  } catch {
    return undefined; // nobody has needed it yet
  }
}

function hasAnswered(backend: Backend, prompt: string): Promise<unknown> {
  return backend.waitForRequest(
    ({ turn, outcome }) =>
      turn?.purpose === 'turn' && outcome?.kind === 'answered' && turn.userTexts.includes(prompt),
    { timeoutMs: 60_000 },
  );
}

function tokenIn({ sandbox }: Supervised, name: string): string {
  const file = join(sandbox.home, `.codex-${name}`, 'auth.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as AuthJson).tokens.refresh_token;
}

function newestOf({ tokens }: Backend, name: string): string | undefined {
  return tokens.all().findLast((token) => token.startsWith(`lab-refresh-${name}-`));
}
