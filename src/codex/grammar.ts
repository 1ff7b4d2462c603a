/**
 * Codex's command line as data (fact 46). Each table is checked against the `--help` of the real binary by
 * `test/e2e/grammar.test.ts`; nothing here is asked for at run time, so a launch costs no extra process.
 */

/** How many words an option takes: `many` is clap's greedy form, which eats every word up to the next option. */
export type Arity = 'none' | 'one' | 'many';

export interface OptionSpec {
  /** The long name without dashes; the canonical name of the option everywhere in our code. */
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
  | 'review';

const none = (name: string, aliases?: readonly string[]): OptionSpec =>
  aliases === undefined ? { name, arity: 'none' } : { name, arity: 'none', aliases };
const one = (name: string, short?: string): OptionSpec =>
  short === undefined ? { name, arity: 'one' } : { name, arity: 'one', short };

const CONFIGURATION = [
  one('config', 'c'),
  one('enable'),
  one('disable'),
  none('strict-config'),
] as const;

const GREEDY_IMAGES: OptionSpec = { name: 'image', short: 'i', arity: 'many' };
const ONE_IMAGE: OptionSpec = { name: 'image', short: 'i', arity: 'one' };

const TURN = [
  one('model', 'm'),
  none('dangerously-bypass-approvals-and-sandbox', ['yolo']),
  none('dangerously-bypass-hook-trust'),
  none('worktree'),
] as const;

const SURROUNDINGS = [
  none('oss'),
  one('local-provider'),
  one('profile', 'p'),
  one('sandbox', 's'),
  none('approve-for-me'),
  // Gone from 0.150 on, still typed by habit with older ones.
  none('full-auto'),
  one('cd', 'C'),
  one('add-dir'),
] as const;

/** `codex exec` has them from 0.171 on. */
const REMOTE = [one('remote'), one('remote-auth-token-env')] as const;

const TERMINAL = [
  ...REMOTE,
  one('ask-for-approval', 'a'),
  none('search'),
  none('no-alt-screen'),
  none('no-daemon'),
] as const;

const AUTOMATION = [
  one('thread-source'),
  one('cyber-access-program'),
  none('skip-git-repo-check'),
  none('trust'),
  none('ephemeral'),
  none('ignore-user-config'),
  none('ignore-rules'),
  one('output-schema'),
  // The hidden old name still works in 0.169.
  none('json', ['experimental-json']),
  one('output-last-message', 'o'),
] as const;

const REVIEWED = [none('uncommitted'), one('base'), one('commit'), one('title')] as const;

const INTERACTIVE = [...CONFIGURATION, GREEDY_IMAGES, ...TURN, ...SURROUNDINGS, ...TERMINAL];
const EXEC_SUBCOMMAND = [...CONFIGURATION, ...TURN, ...REMOTE, ...AUTOMATION];

/** The options of each supervised command, `--help` and `--version` left out: those are never supervised. */
export const OPTIONS: Record<SupervisedCommand, readonly OptionSpec[]> = {
  codex: INTERACTIVE,
  resume: [...INTERACTIVE, none('last'), none('all'), none('include-non-interactive')],
  fork: [...INTERACTIVE, none('last'), none('all')],
  exec: [
    ...CONFIGURATION,
    GREEDY_IMAGES,
    ...TURN,
    ...SURROUNDINGS,
    ...REMOTE,
    ...AUTOMATION,
    one('color'),
  ],
  'exec resume': [...EXEC_SUBCOMMAND, ONE_IMAGE, none('last'), none('all')],
  'exec fork': [...EXEC_SUBCOMMAND, ONE_IMAGE],
  'exec review': [...EXEC_SUBCOMMAND, ...REVIEWED],
  review: [...CONFIGURATION, none('trust'), ...REVIEWED],
};

/** How many words that are not options each command takes; one more is an error of clap's. */
export const POSITIONALS: Record<SupervisedCommand, number> = {
  codex: 1,
  resume: 2,
  fork: 2,
  exec: 1,
  'exec resume': 2,
  'exec fork': 2,
  'exec review': 1,
  review: 1,
};

/** What a word means as a command of `codex`: its name, aliases folded. A word not listed is a prompt. */
export const COMMANDS: ReadonlyMap<string, string> = new Map([
  ...(
    'agents exec review login logout mcp plugin app-server remote-control completion update doctor sandbox debug ' +
    'apply resume queue archive delete migrate-rollouts migrate-nfs-db unarchive fork cloud exec-server features help ' +
    // Hidden in 0.169, or of other versions and systems: `app` is macOS's, `mcp-server` went after 0.150.
    'execpolicy responses-api-proxy stdio-to-uds app mcp-server proto'
  )
    .split(' ')
    .map((name): [string, string] => [name, name]),
  ['e', 'exec'],
  ['a', 'apply'],
  ['cloud-tasks', 'cloud'],
]);

/** The commands below `codex exec`. */
export const EXEC_COMMANDS: ReadonlySet<string> = new Set(['resume', 'fork', 'review', 'help']);
