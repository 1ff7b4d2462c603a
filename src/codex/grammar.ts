/**
 * Codex's command line as data (fact 46), so that a launch needs no process to ask for it. `test/e2e/grammar.test.ts`
 * compares each table with the `--help` of the real binary.
 */

/** How many words an option takes. `many`: every word up to the next option. */
export type Arity = 'none' | 'one' | 'many';

export interface OptionSpec {
  /** The long name without dashes. All our code names the option so. */
  name: string;
  short?: string;
  aliases?: readonly string[];
  arity: Arity;
}

export type SupervisedCommand =
  | 'codex'
  | 'resume'
  | 'fork'
  | 'exec'
  | 'exec resume'
  | 'exec fork'
  | 'exec review'
  | 'review'
  | 'app-server';

const none = (name: string, ...aliases: string[]): OptionSpec => ({ name, arity: 'none', aliases });
const one = (name: string, short?: string): OptionSpec => ({
  name,
  arity: 'one',
  ...(short && { short }),
});

const CONFIG_OPTIONS = [
  one('config', 'c'),
  one('enable'),
  one('disable'),
  none('strict-config'),
] as const;

const MANY_IMAGES: OptionSpec = { name: 'image', short: 'i', arity: 'many' };
const ONE_IMAGE: OptionSpec = { name: 'image', short: 'i', arity: 'one' };

const TURN_OPTIONS = [
  one('model', 'm'),
  none('dangerously-bypass-approvals-and-sandbox', 'yolo'),
  none('dangerously-bypass-hook-trust'),
  none('worktree'),
] as const;

const WORKSPACE_OPTIONS = [
  none('oss'),
  one('local-provider'),
  one('profile', 'p'),
  one('sandbox', 's'),
  none('approve-for-me'),
  // Removed in 0.150.
  none('full-auto'),
  one('cd', 'C'),
  one('add-dir'),
] as const;

/** In `codex exec` since 0.171. */
const REMOTE_OPTIONS = [one('remote'), one('remote-auth-token-env')] as const;

const TERMINAL_OPTIONS = [
  ...REMOTE_OPTIONS,
  one('ask-for-approval', 'a'),
  none('search'),
  none('no-alt-screen'),
  none('no-daemon'),
] as const;

const AUTOMATION_OPTIONS = [
  one('thread-source'),
  one('cyber-access-program'),
  none('skip-git-repo-check'),
  none('trust'),
  none('ephemeral'),
  none('ignore-user-config'),
  none('ignore-rules'),
  one('output-schema'),
  // `--help` does not list the old name, which works.
  none('json', 'experimental-json'),
  one('output-last-message', 'o'),
] as const;

/** With these alone an app-server serves one client on its stdin and stdout, and works under the login that it finds. */
const STDIO_SERVER_OPTIONS = [
  ...CONFIG_OPTIONS,
  // Only with the value STDIO_URL.
  one('listen'),
  none('stdio'),
  none('analytics-default-enabled'),
  one('code-mode-host'),
  one('startup-client-info'),
  one('cloud-skills-snapshot'),
] as const;

/** `--remote-control` is not in the `--help`. */
const OTHER_SERVER_OPTIONS = [
  none('startup-sign-out'),
  none('print-startup-config'),
  none('remote-control'),
  one('ws-auth'),
  one('ws-token-file'),
  one('ws-token-sha256'),
  one('ws-shared-secret-file'),
  one('ws-issuer'),
  one('ws-audience'),
  one('ws-max-clock-skew-seconds'),
] as const;

const REVIEW_OPTIONS = [none('uncommitted'), one('base'), one('commit'), one('title')] as const;

const INTERACTIVE_OPTIONS = [
  ...CONFIG_OPTIONS,
  MANY_IMAGES,
  ...TURN_OPTIONS,
  ...WORKSPACE_OPTIONS,
  ...TERMINAL_OPTIONS,
];
const EXEC_SUBCOMMAND_OPTIONS = [
  ...CONFIG_OPTIONS,
  ...TURN_OPTIONS,
  ...REMOTE_OPTIONS,
  ...AUTOMATION_OPTIONS,
];

/** The options of each supervised command, without `--help` and `--version`: those are never supervised. */
export const OPTIONS: Record<SupervisedCommand, readonly OptionSpec[]> = {
  codex: INTERACTIVE_OPTIONS,
  resume: [...INTERACTIVE_OPTIONS, none('last'), none('all'), none('include-non-interactive')],
  fork: [...INTERACTIVE_OPTIONS, none('last'), none('all')],
  exec: [
    ...CONFIG_OPTIONS,
    MANY_IMAGES,
    ...TURN_OPTIONS,
    ...WORKSPACE_OPTIONS,
    ...REMOTE_OPTIONS,
    ...AUTOMATION_OPTIONS,
    one('color'),
  ],
  'exec resume': [...EXEC_SUBCOMMAND_OPTIONS, ONE_IMAGE, none('last'), none('all')],
  'exec fork': [...EXEC_SUBCOMMAND_OPTIONS, ONE_IMAGE],
  'exec review': [...EXEC_SUBCOMMAND_OPTIONS, ...REVIEW_OPTIONS],
  review: [...CONFIG_OPTIONS, none('trust'), ...REVIEW_OPTIONS],
  'app-server': [...STDIO_SERVER_OPTIONS, ...OTHER_SERVER_OPTIONS],
};

/** The options before and after the word `app-server` with which we know that it serves one client on stdio. */
export const STDIO_SERVER: readonly ReadonlySet<string>[] = [
  new Set(INTERACTIVE_OPTIONS.map(({ name }) => name)),
  new Set(STDIO_SERVER_OPTIONS.map(({ name }) => name)),
];
export const STDIO_URL = 'stdio://';

/** The number of positionals of each command; one more is a usage error. */
export const POSITIONALS: Record<SupervisedCommand, number> = {
  codex: 1,
  resume: 2,
  fork: 2,
  exec: 1,
  'exec resume': 2,
  'exec fork': 2,
  'exec review': 1,
  review: 1,
  'app-server': 0,
};

/** From a command word of `codex`, or its alias, to the command's name. Another word is a prompt. */
export const COMMANDS: ReadonlyMap<string, string> = new Map([
  ...(
    'agents exec review login logout mcp plugin app-server remote-control completion update doctor sandbox debug ' +
    'apply resume queue archive delete migrate-rollouts migrate-nfs-db unarchive fork cloud exec-server features help ' +
    // Not in the `--help` of 0.169: hidden, removed (`mcp-server` after 0.150), or of macOS only (`app`).
    'execpolicy responses-api-proxy stdio-to-uds app mcp-server proto'
  )
    .split(' ')
    .map((name): [string, string] => [name, name]),
  ['e', 'exec'],
  ['a', 'apply'],
  ['cloud-tasks', 'cloud'],
]);

/** The subcommands of `codex exec`. */
export const EXEC_COMMANDS: ReadonlySet<string> = new Set(['resume', 'fork', 'review', 'help']);
