import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Projects with settings about logins, and whether Codex logs out the account of the workspace `w-own` in them. One table
 * for two tests: what we say about it, and what the real Codex does.
 */
export interface ProjectCase {
  name: string;
  /** Relative to the user's home: a path that ends in `/` is a directory, one that begins with `git ` a repository. */
  tree: Record<string, string>;
  /** Link → what it leads to, both relative to the home. */
  links?: Record<string, string>;
  /** For the top of the user's config.toml. */
  user?: string;
  /** Directory, relative to the home, → its `trust_level` in the user's config.toml. */
  trust?: Record<string, string>;
  cwd: string;
  /** Words after `codex exec`; `HOME` stands for the home. */
  args?: string[];
  logsOut: boolean;
  /** The first release with what the case needs. */
  since?: string;
}

const API = 'forced_login_method = "api"\n';
const CHATGPT = 'forced_login_method = "chatgpt"\n';
const FILE = 'repo/.codex/config.toml';
const TRUSTED = { repo: 'trusted' };
const REPO = { 'git repo': '' };
const workspace = (value: string) => `forced_chatgpt_workspace_id = ${value}\n`;

/** A repository with that file in a directory, trusted, and Codex started in its root. */
function inRepo(name: string, logsOut: boolean, more: Partial<ProjectCase> = {}): ProjectCase {
  const { tree = {}, ...rest } = more;
  return { name, tree: { ...REPO, ...tree }, trust: TRUSTED, cwd: 'repo', logsOut, ...rest };
}

const LIST_SINCE = '0.144.0';
const PROFILE_SINCE = '0.160.0';
const TRUST_SINCE = '0.169.0';

export const PROJECT_CASES: ProjectCase[] = [
  // The key.
  inRepo('a way to log in', true, { tree: { [FILE]: API } }),
  inRepo('the way that fits', false, { tree: { [FILE]: CHATGPT } }),
  inRepo('a workspace', true, { tree: { [FILE]: workspace('"w-nobody"') } }),
  inRepo('the own workspace', false, { tree: { [FILE]: workspace('"w-own"') } }),
  inRepo('the own workspace with blanks', false, { tree: { [FILE]: workspace('" w-own "') } }),
  inRepo('workspaces without the own', true, {
    tree: { [FILE]: workspace('["w-nobody", "w-none"]') },
    since: LIST_SINCE,
  }),
  inRepo('workspaces with the own', false, {
    tree: { [FILE]: workspace('["w-nobody", "w-own"]') },
    since: LIST_SINCE,
  }),
  inRepo('a key with an escape in it', true, {
    tree: { [FILE]: '"forced_login\\u005Fmethod" = "api"\n' },
  }),
  inRepo('a key of a table', false, { tree: { [FILE]: `[tui]\n${API}` } }),
  inRepo('a comment', false, { tree: { [FILE]: `# ${API}` } }),
  // The layers.
  inRepo('the project outranks the user', true, { tree: { [FILE]: API }, user: CHATGPT }),
  inRepo('the project outranks the user: the other way', false, {
    tree: { [FILE]: CHATGPT },
    user: API,
  }),
  inRepo('no workspace outranks one of the user', false, {
    tree: { [FILE]: workspace('[]') },
    user: workspace('["w-nobody"]'),
    since: LIST_SINCE,
  }),
  inRepo('the project outranks a profile', false, {
    tree: { [FILE]: CHATGPT, '.codex/p.config.toml': API },
    args: ['-p', 'p'],
    since: PROFILE_SINCE,
  }),
  inRepo('a profile is of the home, not of a project', false, {
    tree: { [FILE]: '', 'repo/.codex/p.config.toml': API, '.codex/p.config.toml': '' },
    args: ['-p', 'p'],
    since: PROFILE_SINCE,
  }),
  inRepo('-c outranks the project', false, {
    tree: { [FILE]: API },
    args: ['-c', 'forced_login_method="chatgpt"'],
  }),
  inRepo('-c outranks the project: the other way', true, {
    tree: { [FILE]: CHATGPT },
    args: ['-c', 'forced_login_method="api"'],
  }),
  inRepo('the user’s file is not read', false, {
    tree: { [FILE]: API },
    args: ['--ignore-user-config'],
  }),
  // Where it is.
  inRepo('in the root, from below', true, {
    tree: { [FILE]: API, 'repo/a/b/': '' },
    cwd: 'repo/a/b',
  }),
  inRepo('between root and working directory', true, {
    tree: { 'repo/a/.codex/config.toml': API, 'repo/a/b/': '' },
    cwd: 'repo/a/b',
  }),
  inRepo('beside the working directory', false, {
    tree: { 'repo/a/.codex/config.toml': API, 'repo/b/': '' },
    cwd: 'repo/b',
  }),
  inRepo('below the working directory', false, { tree: { 'repo/a/.codex/config.toml': API } }),
  inRepo('the nearest outranks', false, {
    tree: { [FILE]: API, 'repo/a/.codex/config.toml': CHATGPT },
    cwd: 'repo/a',
  }),
  inRepo('the nearest outranks: the other way', true, {
    tree: { [FILE]: CHATGPT, 'repo/a/.codex/config.toml': API },
    cwd: 'repo/a',
  }),
  inRepo('above the root', false, {
    tree: { '.codex/': '', 'o/.codex/config.toml': API, 'git o/repo': '' },
    trust: { o: 'trusted', 'o/repo': 'trusted' },
    cwd: 'o/repo',
  }),
  inRepo('a repository in a repository is a root', false, {
    tree: { [FILE]: API, 'git repo/in': '' },
    trust: { repo: 'trusted', 'repo/in': 'trusted' },
    cwd: 'repo/in',
  }),
  // The working directory.
  inRepo('-C from elsewhere', true, {
    tree: { [FILE]: API },
    cwd: 'work',
    args: ['-C', '../repo'],
  }),
  inRepo('-C to elsewhere', false, { tree: { [FILE]: API }, args: ['-C', '../work'] }),
  inRepo('-C to a directory below', true, {
    tree: { 'repo/a/.codex/config.toml': API },
    args: ['-C', 'a'],
  }),
  inRepo('a working directory by a link', true, {
    tree: { [FILE]: API },
    links: { ln: 'repo' },
    cwd: 'ln',
  }),
  inRepo('-C by a link goes up by the link’s own path', true, {
    tree: { 'git o': '', 'o/.codex/config.toml': API, 'repo/a/': '' },
    links: { 'o/ln': 'repo/a' },
    trust: { repo: 'trusted', o: 'trusted' },
    args: ['-C', 'HOME/o/ln'],
  }),
  inRepo('-C by a link: the repository behind it is not asked', false, {
    tree: { 'git o': '', [FILE]: API, 'repo/a/': '' },
    links: { 'o/ln': 'repo/a' },
    cwd: 'o',
    args: ['-C', 'HOME/o/ln'],
  }),
  // Trust.
  inRepo('not trusted: nothing is said', false, { tree: { [FILE]: API }, trust: {} }),
  inRepo('untrusted', false, { tree: { [FILE]: API }, trust: { repo: 'untrusted' } }),
  inRepo('--trust', true, {
    tree: { [FILE]: API },
    trust: {},
    args: ['--trust'],
    since: TRUST_SINCE,
  }),
  inRepo('--trust does not help an untrusted one', false, {
    tree: { [FILE]: API },
    trust: { repo: 'untrusted' },
    args: ['--trust'],
    since: TRUST_SINCE,
  }),
  inRepo('trusted by -c', true, {
    tree: { [FILE]: API },
    trust: {},
    args: ['-c', 'projects={"HOME/repo"={trust_level="trusted"}}'],
  }),
  inRepo('trusted by its other name', true, {
    tree: { [FILE]: API },
    links: { ln: 'repo' },
    trust: { ln: 'trusted' },
    args: ['-C', 'HOME/ln'],
  }),
  inRepo('the directory above is trusted, which means nothing', false, {
    tree: { [FILE]: API },
    trust: { '.': 'trusted' },
  }),
  inRepo('only a directory below is trusted: the root’s file is not read', false, {
    tree: { [FILE]: API, 'repo/a/': '' },
    trust: { 'repo/a': 'trusted' },
    cwd: 'repo/a',
  }),
  inRepo('only a directory below is trusted: its own file is read', true, {
    tree: { 'repo/a/.codex/config.toml': API },
    trust: { 'repo/a': 'trusted' },
    cwd: 'repo/a',
  }),
  inRepo('an untrusted directory loses its own file', false, {
    tree: { 'repo/a/.codex/config.toml': API, 'repo/a/b/': '' },
    trust: { repo: 'trusted', 'repo/a': 'untrusted' },
    cwd: 'repo/a/b',
  }),
  inRepo('… and not that of the root', true, {
    tree: { [FILE]: API, 'repo/a/': '' },
    trust: { repo: 'trusted', 'repo/a': 'untrusted' },
    cwd: 'repo/a',
  }),
  inRepo('… nor that of a directory below', true, {
    tree: { 'repo/a/b/.codex/config.toml': API },
    trust: { repo: 'trusted', 'repo/a': 'untrusted' },
    cwd: 'repo/a/b',
  }),
  // The root.
  inRepo('another marker', true, {
    tree: { 'repo/.hg/': '', [FILE]: API, 'git repo/a': '' },
    user: 'project_root_markers = [".hg"]\n',
    cwd: 'repo/a',
  }),
  inRepo('another marker by -c', true, {
    tree: { 'repo/.hg/': '', [FILE]: API, 'git repo/a': '' },
    args: ['-c', 'project_root_markers=[".hg"]'],
    cwd: 'repo/a',
  }),
  inRepo('a marker of the project itself does not count', false, {
    tree: {
      'repo/.hg/': '',
      [FILE]: API,
      'git repo/a': '',
      'repo/a/.codex/config.toml': 'project_root_markers = [".hg"]\n',
    },
    trust: { repo: 'trusted', 'repo/a': 'trusted' },
    cwd: 'repo/a',
  }),
  inRepo('no marker: only the working directory is read', false, {
    tree: { [FILE]: API, 'repo/a/': '' },
    user: 'project_root_markers = []\n',
    cwd: 'repo/a',
  }),
  inRepo('no marker: the repository is trusted all the same', true, {
    tree: { 'repo/a/.codex/config.toml': API },
    user: 'project_root_markers = []\n',
    cwd: 'repo/a',
  }),
  inRepo('a worktree of a trusted repository', true, {
    tree: { 'worktree repo wt': '', 'wt/.codex/config.toml': API },
    cwd: 'wt',
  }),
  inRepo('a trusted worktree', true, {
    tree: { 'worktree repo wt': '', 'wt/.codex/config.toml': API },
    trust: { wt: 'trusted' },
    cwd: 'wt',
  }),
  inRepo('an untrusted worktree of a trusted repository', false, {
    tree: { 'worktree repo wt': '', 'wt/.codex/config.toml': API },
    trust: { repo: 'trusted', wt: 'untrusted' },
    cwd: 'wt',
  }),
  inRepo('the repository’s own file is not a worktree’s', false, {
    tree: { 'worktree repo wt': '', [FILE]: API },
    trust: { repo: 'trusted', wt: 'trusted' },
    cwd: 'wt',
  }),
  inRepo('a submodule has the trust of its own root only', false, {
    tree: {
      'repo/in/.git': 'gitdir: ../.git/modules/in\n',
      'repo/.git/modules/in/HEAD': 'ref: refs/heads/main\n',
      'repo/in/.codex/config.toml': API,
    },
    cwd: 'repo/in',
  }),
  // The file.
  inRepo('.codex is a link', true, {
    tree: { 'conf/config.toml': API },
    links: { 'repo/.codex': 'conf' },
  }),
  inRepo('config.toml is a link', true, {
    tree: { 'conf/c.toml': API, 'repo/.codex/': '' },
    links: { 'repo/.codex/config.toml': 'conf/c.toml' },
  }),
  inRepo('config.toml is a directory', false, { tree: { 'repo/.codex/config.toml/': '' } }),
  inRepo('a number that JavaScript cannot hold', true, {
    tree: { [FILE]: `${API}model_auto_compact_token_limit = 9223372036854775807\n` },
  }),
  inRepo('a byte order mark, and lines of Windows', true, {
    tree: { [FILE]: `\uFEFF${API.replace('\n', '\r\n')}` },
  }),
  inRepo('a file that is no TOML', false, { tree: { [FILE]: `${API}forced = \n` } }),
];

/**
 * Makes the files of a case in a home.
 * @param own the workspace of the account.
 * @returns the lines that trust it in the user's config.toml.
 */
export function makeProject(
  { tree, links = {}, trust = {} }: ProjectCase,
  home: string,
  own = 'w-own',
): string {
  const path = (name: string) => join(home, name);
  const git = (args: string[], cwd: string) =>
    execFileSync('git', args, { cwd, stdio: 'ignore', env: { ...process.env, HOME: home } });
  const NAMED = ['-c', 'user.name=lab', '-c', 'user.email=lab@example.com'];
  for (const [name, text] of Object.entries(tree)) {
    const [word, first = '', second = ''] = name.split(' ');
    if (word === 'git') {
      mkdirSync(path(first), { recursive: true });
      git(['init', '-q'], path(first));
    } else if (word === 'worktree') {
      git([...NAMED, 'commit', '-q', '--allow-empty', '-m', 'first'], path(first));
      git(['worktree', 'add', '-q', path(second)], path(first));
    } else if (name.endsWith('/')) {
      mkdirSync(path(name), { recursive: true });
    } else {
      mkdirSync(dirname(path(name)), { recursive: true });
      writeFileSync(path(name), text.replaceAll('w-own', own));
    }
  }
  for (const [link, target] of Object.entries(links)) symlinkSync(path(target), path(link));
  return Object.entries(trust)
    .map(([name, level]) => `[projects.${JSON.stringify(path(name))}]\ntrust_level = "${level}"\n`)
    .join('');
}

/** The words of a case's command line. */
export function argsOf({ args = [] }: ProjectCase, home: string): string[] {
  return args.map((word) => word.replaceAll('HOME', home));
}
