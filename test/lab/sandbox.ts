import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepForFailure } from './artefacts.ts';
import type { Backend } from './backend/index.ts';
import { codexUnderTest } from './codex-under-test.ts';
import { endStrays, findStrays, waitForNoStrays } from './strays.ts';

const REPO = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export interface SandboxOptions {
  backend?: Backend;
  /** Accounts that get a vault `~/.codex-<name>`. */
  accounts?: string[];
  /** Account that plain Codex is logged in as: `~/.codex/auth.json`. */
  login?: string;
  /** What `codex` on PATH points to; default the launcher under test. `false`: none. */
  codex?: string | false;
  /** Further lines for the top of config.toml. */
  config?: string;
}

export interface RunResult {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A HOME of its own for real-Codex tests. */
export interface Sandbox {
  readonly home: string;
  /** `<home>/.codex` */
  readonly codexHome: string;
  /** `<home>/work`: a git repository that Codex trusts. */
  readonly work: string;
  /** First on PATH, empty: for shims and fixtures. */
  readonly bin: string;
  /** Second on PATH: `codex` and `node`. */
  readonly realBin: string;
  /** The whole environment; nothing of the test runner's own gets in. May be changed. */
  readonly env: Record<string, string>;
  /**
   * Runs a program to its end, in `work` unless told.
   * After `timeoutMs` (default 30 s) kills it with all its children and rejects with what it printed.
   */
  run(command: string, args: string[], options?: RunOptions): Promise<RunResult>;
  /** Logs an account in to `~/.codex-<name>/auth.json` (or another directory); returns the file. */
  writeVault(
    account: string,
    options?: { directory?: string; expiresInSeconds?: number },
  ): Promise<string>;
  /** Removes everything. Throws, after ending it, if a process started in here still lives. */
  dispose(): Promise<void>;
}

export interface RunOptions {
  input?: string | Buffer;
  env?: Record<string, string | undefined>;
  cwd?: string;
  timeoutMs?: number;
}

/** Makes a sandboxed HOME below the repository's `.cache`: in a temp dir Codex would refuse its helpers (fact 26). */
export async function makeSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const home = join(REPO, '.cache', 'sandbox', randomBytes(5).toString('hex'));
  const paths = {
    home,
    codexHome: join(home, '.codex'),
    work: join(home, 'work'),
    bin: join(home, 'bin'),
    realBin: join(home, 'real-bin'),
  };
  for (const directory of Object.values(paths)) await mkdir(directory, { recursive: true });
  await chmod(paths.codexHome, 0o700);
  await writeFile(join(paths.codexHome, 'config.toml'), makeConfig(paths.work, options));
  await symlink(process.execPath, join(paths.realBin, 'node'));
  if (options.codex !== false) {
    await symlink(options.codex ?? codexUnderTest.launcher, join(paths.realBin, 'codex'));
  }

  const env = makeEnvironment(paths, options.backend);
  const run: Sandbox['run'] = (command, args, runOptions = {}) =>
    runToEnd(command, args, { cwd: paths.work, ...runOptions, env: { ...env, ...runOptions.env } });
  const writeVault: Sandbox['writeVault'] = async (
    account,
    { directory, expiresInSeconds } = {},
  ) => {
    if (options.backend === undefined) throw new Error('a vault needs a backend');
    const vault = directory ?? join(home, `.codex-${account}`);
    await mkdir(vault, { recursive: true, mode: 0o700 });
    const file = join(vault, 'auth.json');
    const life = expiresInSeconds === undefined ? {} : { expiresInSeconds };
    await writeFile(file, JSON.stringify(options.backend.forgeAuth(account, life), null, 2), {
      mode: 0o600,
    });
    return file;
  };

  await run('git', ['init', '-q']);
  for (const account of options.accounts ?? []) await writeVault(account);
  if (options.login !== undefined) await writeVault(options.login, { directory: paths.codexHome });

  const log = join(home, '.local/state/codex-hotswap/events.jsonl');
  const freeze = keepForFailure('events.jsonl', () =>
    existsSync(log) ? readFileSync(log, 'utf8') : '',
  );
  return {
    ...paths,
    env,
    run,
    writeVault,
    async dispose() {
      freeze();
      const strays = (await waitForNoStrays(home, 2000)) ? [] : findStrays(home);
      endStrays(strays);
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
      if (strays.length === 0) return;
      const list = strays.map(({ pid, command }) => `  ${pid} ${command}`).join('\n');
      throw new Error(`still alive in the sandbox ${home} (ended now):\n${list}`);
    },
  };
}

function makeConfig(work: string, { backend, config }: SandboxOptions): string {
  const toBackend = [
    `chatgpt_base_url = "${backend?.origin}/backend-api"`,
    `openai_base_url = "${backend?.origin}/backend-api/codex"`,
  ];
  return [
    ...(backend === undefined ? [] : toBackend),
    'cli_auth_credentials_store = "file"',
    'check_for_update_on_startup = false',
    // 0.120 opens with a full-screen announcement otherwise (fact 87).
    'notice.model_migrations = { "gpt-5.3-codex" = "gpt-5.4" }',
    config ?? '',
    `[projects.${JSON.stringify(work)}]`,
    'trust_level = "trusted"',
    '',
  ].join('\n');
}

function makeEnvironment(
  paths: Pick<Sandbox, 'home' | 'bin' | 'realBin'>,
  backend: Backend | undefined,
): Record<string, string> {
  return {
    HOME: paths.home,
    PATH: [paths.bin, paths.realBin, '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(':'),
    SHELL: '/bin/bash',
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    ...(backend && {
      CODEX_CA_CERTIFICATE: backend.caFile,
      CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${backend.origin}/oauth/token`,
    }),
  };
}

async function runToEnd(
  command: string,
  args: string[],
  { input, env, cwd, timeoutMs = 30_000 }: RunOptions,
): Promise<RunResult> {
  // A group of its own: the npm launcher's death would leave the native codex running.
  const child = spawn(command, args, { env, cwd, stdio: 'pipe', detached: true });
  child.stdin.on('error', () => {}); // EPIPE: it need not read its input
  child.stdin.end(input ?? '');
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const print = (chunks: Buffer[]) => Buffer.concat(chunks).toString();
  return new Promise<RunResult>((resolve, reject) => {
    const timer = setTimeout(() => {
      endGroup(child.pid);
      const output = `${print(stdout)}\n${print(stderr)}`;
      reject(new Error(`${command} ${args.join(' ')}: ${timeoutMs} ms passed\n${output}`));
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stdout: print(stdout), stderr: print(stderr) });
    });
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // ended just now
  }
}
