import { type Finding, issue, note, ok } from './finding.ts';

/** Variables that make Codex use another account than the chosen one, or change how we run it (fact 24). */
const CONFLICTING: Record<string, { level: 'issue' | 'note'; text: string }> = {
  CODEX_ACCESS_TOKEN: {
    level: 'issue',
    text: 'outranks every login, so codex runs alone under that one account; unset it',
  },
  CODEX_API_KEY: {
    level: 'issue',
    text: 'is what codex exec works with, so that runs alone, and it costs money; unset it',
  },
  OPENAI_API_KEY: {
    level: 'note',
    text: 'is offered by Codex at a login; choose the ChatGPT account there, or unset it',
  },
  CODEX_EXEC_SERVER_URL: {
    level: 'note',
    text: 'makes Codex work through another server; unset it if limits are not noticed',
  },
  CODEX_REFRESH_TOKEN_URL_OVERRIDE: {
    level: 'note',
    text: 'sends refresh tokens elsewhere; unset it unless you know why it is there',
  },
  CODEX_HOTSWAP_BYPASS: {
    level: 'note',
    text: 'switches the shim off in this shell; unset it to go on',
  },
  CODEX_HOTSWAP_DEBUG: {
    level: 'note',
    text: 'makes each session write its steps to a file; unset it when you have what you need',
  },
};

/** Never prints a value, because some are secrets. */
export function checkEnvironment(env: NodeJS.ProcessEnv): Finding[] {
  const found = Object.entries(CONFLICTING)
    .filter(([name]) => env[name])
    .map(([name, { level, text }]) =>
      (level === 'issue' ? issue : note)(`${name} is set; it ${text}`),
    );
  return found.length > 0 ? found : [ok('no variable stands between Codex and its login')];
}
