import { spawnSync } from 'node:child_process';
import { listPids, readProcFile } from './proc.ts';

export interface ProcessEntry {
  pid: number;
  parent: number;
  /** The session on Linux, the terminal on macOS. A command of the model has another one than Codex. */
  session: string;
  /** The name of the program. The system cuts it at 15 characters. */
  name: string;
}

/**
 * The names of the commands that end with a Codex (fact 88). A command of the model that still runs is a child of Codex
 * and leads its own session. MCP servers and Codex's helpers are in Codex's session. A process left behind with `&` or
 * `setsid` is no child of Codex. The name of a shell or a sandbox around a command is skipped.
 * @param codex its process id.
 * @returns one name for each command; none when the system does not list processes.
 */
export function listBackgroundCommands(
  codex: number,
  processes: readonly ProcessEntry[] = listProcesses(),
): string[] {
  const session = processes.find(({ pid }) => pid === codex)?.session;
  if (session === undefined) return [];
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of processes) {
    children.set(entry.parent, [...(children.get(entry.parent) ?? []), entry]);
  }
  return (children.get(codex) ?? [])
    .filter((entry) => entry.session !== session)
    .map((entry) => findCommandName(entry, children));
}

/** The nearest process below that is no shell or sandbox; else the name of the process itself. */
function findCommandName(
  entry: ProcessEntry,
  children: ReadonlyMap<number, readonly ProcessEntry[]>,
): string {
  let level: readonly ProcessEntry[] = [entry];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth += 1) {
    const program = level.find(({ name }) => !WRAPPERS.test(name));
    if (program !== undefined) return program.name;
    level = level.flatMap(({ pid }) => children.get(pid) ?? []);
  }
  return entry.name;
}

const MAX_DEPTH = 8;
/** A number: Codex runs its own bubblewrap from an open file, and Linux names a process after the descriptor then. */
const WRAPPERS = /^(?:-?(?:ba|da|z|k|fi)?sh|bwrap|\d+|codex.*|sandbox-exec|nohup|env|timeout)$/;

function listProcesses(): ProcessEntry[] {
  if (process.platform !== 'linux') return listWithPs();
  return listPids().flatMap((pid) => parseStat(pid, readProcFile(pid, 'stat') ?? '') ?? []);
}

/** `pid (name) state parent group session …`; the name may contain parentheses. */
function parseStat(pid: number, stat: string): ProcessEntry | undefined {
  const [from, to] = [stat.indexOf('('), stat.lastIndexOf(')')];
  const [state, parent, , session] = stat.slice(to + 2).split(' ');
  if (from < 0 || session === undefined || state === 'Z') return undefined;
  return { pid, parent: Number(parent), session, name: stat.slice(from + 1, to) };
}

function listWithPs(): ProcessEntry[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,tty=,ucomm='], {
    encoding: 'utf8',
    timeout: PS_TIMEOUT_MS,
  });
  // Null when ps cannot be started.
  return (stdout ?? '').split('\n').flatMap((line) => {
    const [pid, parent, session, ...name] = line.trim().split(/\s+/);
    if (session === undefined || name.length === 0) return [];
    return { pid: Number(pid), parent: Number(parent), session, name: name.join(' ') };
  });
}

const PS_TIMEOUT_MS = 500;
