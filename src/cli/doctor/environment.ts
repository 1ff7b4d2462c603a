import { type Finding, issue, note, ok } from './finding.ts';

/** Variables that make Codex use another account than the chosen one, or change how we run it (fact 24). */
const CONFLICTING: Record<string, Finding> = {
  CODEX_ACCESS_TOKEN: issue(
    'replaces every login, so codex runs unsupervised under that one account; unset it',
  ),
  CODEX_API_KEY: issue(
    'is the login of codex exec, so that runs unsupervised and costs money; unset it',
  ),
  OPENAI_API_KEY: note(
    'is offered by Codex at a login; choose the ChatGPT account there, or unset it',
  ),
  CODEX_EXEC_SERVER_URL: note(
    'makes Codex work through another server; unset it if limits are not noticed',
  ),
  CODEX_REFRESH_TOKEN_URL_OVERRIDE: note(
    'sends refresh tokens to another server; unset it unless you know why it is there',
  ),
  CODEX_HOTSWAP_BYPASS: note('switches the shim off in this shell; unset it to go on'),
  CODEX_HOTSWAP_DEBUG: note(
    'makes each session write its steps to a file; unset it when the trace is complete',
  ),
};

/** Never prints a value, because some are secrets. */
export function checkEnvironment(env: NodeJS.ProcessEnv): Finding[] {
  const found = Object.entries(CONFLICTING)
    .filter(([name]) => env[name])
    .map(([name, finding]) => ({ ...finding, text: `${name} is set; it ${finding.text}` }));
  return found.length > 0 ? found : [ok('no variable changes the login of Codex')];
}
