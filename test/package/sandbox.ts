import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

const REPO = new URL('../../', import.meta.url).pathname;
/** The built `codex-hotswap`. */
export const COMMAND = join(REPO, 'dist/bin/codex-hotswap.js');

/** A codex that logs in as whoever `FAKE_LOGIN` (a file) says, and writes down what it was asked. */
const FAKE_CODEX = `#!/bin/sh
printf '%s\\n' "$*" >> "$HOME/asked"
case $* in
  *login*)
    ls -A "$CODEX_HOME" > "$HOME/home-at-login"
    [ -z "$FAKE_LOGIN" ] || cat "$FAKE_LOGIN" > "$CODEX_HOME/auth.json"
    exit "\${FAKE_STATUS:-0}" ;;
  --version) echo 'codex-cli 9.9.9' ;;
  *) echo "real codex: $*" ;;
esac
`;

/** Where `install-shim` puts the shim, in a home. */
export const SHIM = '.local/share/codex-hotswap/bin/codex';

/** A home of its own, with a fake codex on PATH behind the directory of the shim and `~/.local/bin`. */
export function createHome() {
  const cache = join(REPO, '.cache/sandbox');
  mkdirSync(cache, { recursive: true });
  const home = mkdtempSync(join(cache, 'cli test '));
  onTestFinished(() => {
    chmodSync(home, 0o700);
    rmSync(home, { recursive: true, force: true });
  });
  const path = (...parts: string[]) => join(home, ...parts);
  const write = (file: string, content: string, mode = 0o600) => {
    mkdirSync(dirname(path(file)), { recursive: true, mode: 0o700 });
    writeFileSync(path(file), content);
    chmodSync(path(file), mode);
    return path(file);
  };
  write('programs/codex', FAKE_CODEX, 0o755);
  symlinkSync(process.execPath, path('programs/node'));

  const env: Record<string, string> = {
    HOME: home,
    PATH: [dirname(path(SHIM)), path('.local/bin'), path('programs'), '/usr/bin', '/bin'].join(':'),
    SHELL: '/bin/bash',
    TZ: 'UTC',
  };
  const run = (args: string[], extra: Record<string, string> = {}, timeout?: number) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], {
      env: { ...env, ...extra },
      cwd: home,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      timeout,
    });
    return { status, stdout, stderr };
  };
  return {
    home,
    path,
    env,
    write,
    run,
    /** Runs and expects success; returns what was printed. */
    ok(args: string[], extra: Record<string, string> = {}): string {
      const ran = run(args, extra);
      if (ran.status !== 0) throw new Error(`${args.join(' ')}: ${ran.status}\n${ran.stderr}`);
      return ran.stdout;
    },
    /** A forged login outside of any vault; returns its file. */
    login: (who: string, issuedAt?: number) => write(`logins/${who}`, forgeLogin(who, issuedAt)),
    writeVault: (target: string, who: string) =>
      write(`.codex-${target}/auth.json`, forgeLogin(who)),
    read: (file: string) => readFileSync(path(file), 'utf8'),
    exists: (file: string) => existsSync(path(file)),
    mode: (file: string) => (statSync(path(file)).mode & 0o777).toString(8),
  };
}

/** The text of an auth.json with unsigned tokens, as Codex accepts it (fact 3). */
export function forgeLogin(who: string, issuedAt = 1_790_000_000): string {
  const claims = {
    email: `${who}@example.com`,
    iat: issuedAt,
    exp: issuedAt + 864_000,
    'https://api.openai.com/auth': {
      chatgpt_user_id: `user-${who}`,
      chatgpt_account_id: `workspace-${who}`,
      chatgpt_plan_type: 'plus',
    },
  };
  const jwt = [{ alg: 'none' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const token = `${jwt.join('.')}.secret${who}`;
  return JSON.stringify({
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    tokens: {
      id_token: token,
      access_token: token,
      refresh_token: `secret-refresh-${who}-${issuedAt}`,
      account_id: `workspace-${who}`,
    },
    last_refresh: new Date(issuedAt * 1000).toISOString(),
  });
}
