import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process, as far as it tells what Codex started it for. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  /** The session on Linux, the terminal on macOS: what differs between Codex and a command that it runs. */
  session: string;
  /** Of its program, cut at 15 characters by the system. */
  name: string;
}

/**
 * The names of the commands that a Codex has running in the background, and which end with it (fact 88):
 * a command of the model's that is still running is a child of Codex and leads a session of its own; MCP servers and
 * Codex's helpers are in Codex's session. What a command leaves behind with `&` Codex itself ends with the command, and
 * what has left it by `setsid` outlives Codex; neither is its child. A shell or a sandbox around a command is not named.
 * @param codex its process id.
 * @returns one name for each; none where the system does not tell.
 */
export function listBackgroundCommands(
  codex: number,
  processes: readonly ProcessEntry[] = listProcesses(),
): string[] {
  const session = processes.find(({ pid }) => pid === codex)?.session;
  if (session === undefined) return [];
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of processes) {
    const siblings = children.get(entry.parent) ?? [];
    siblings.push(entry);
    children.set(entry.parent, siblings);
  }
  return (children.get(codex) ?? [])
    .filter((entry) => entry.session !== session)
    .map((entry) => nameOf(entry, children));
}

/** The first program below that is no wrapper; the wrapper itself if there is none. */
function nameOf(entry: ProcessEntry, children: ReadonlyMap<number, ProcessEntry[]>): string {
  let level: readonly ProcessEntry[] = [entry];
  for (let depth = 0; depth < MOST_DEPTH && level.length > 0; depth += 1) {
    const program = level.find(({ name }) => !WRAPPERS.test(name));
    if (program !== undefined) return program.name;
    level = level.flatMap(({ pid }) => children.get(pid) ?? []);
  }
  return entry.name;
}

const MOST_DEPTH = 8;
const WRAPPERS = /^(?:-?(?:ba|da|z|k|fi)?sh|bwrap|codex.*|sandbox-exec|nohup|env|timeout)$/;

function listProcesses(): ProcessEntry[] {
  try {
    return process.platform === 'linux' ? readProc() : askPs();
  } catch {
    return [];
  }
}

function readProc(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => parseStat(Number(name), readStat(name)) ?? []);
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return ''; // It has ended.
  }
}

/** `pid (name) state parent group session …`; the name may hold anything, parentheses too. */
function parseStat(pid: number, stat: string): ProcessEntry | undefined {
  const [from, to] = [stat.indexOf('('), stat.lastIndexOf(')')];
  const [state, parent, , session] = stat.slice(to + 2).split(' ');
  if (from < 0 || session === undefined || state === 'Z') return undefined;
  return { pid, parent: Number(parent), session, name: stat.slice(from + 1, to) };
}

function askPs(): ProcessEntry[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,tty=,ucomm='], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, session, ...name] = line.trim().split(/\s+/);
    if (session === undefined || name.length === 0) return [];
    return { pid: Number(pid), parent: Number(parent), session, name: name.join(' ') };
  });
}

const PATIENCE_MS = 500;
