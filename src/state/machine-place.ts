import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Where pids mean something. What could not be found out is left out. */
export interface Place {
  /** The machine's own id. Machines and containers made from one image may share it, so it needs the name beside it. */
  machine?: string;
  /** The host name: on macOS it changes with the network, so alone it proves nothing. */
  name: string;
  /** The boot: no two machines, and no two boots of one machine, share it. */
  boot?: string;
  /** The pid namespace: another one for each container. */
  pids?: string;
}

/**
 * How another place is related to ours:
 * - `here`: its pids are ours, so they decide who lives.
 * - `gone`: this machine before it was started anew, so all of its processes are dead.
 * - `elsewhere`: another machine, or another container.
 * - `unknown`: this system does not say which boot it is, so it may be here or elsewhere.
 */
export type Distance = 'here' | 'gone' | 'elsewhere' | 'unknown';

/** Where we are; found out once. Costs three small reads on Linux, and one `sysctl` (a few milliseconds) on macOS. */
export function ownPlace(): Place {
  own ??= findPlace();
  return own;
}

/**
 * Compares two places. Only the whole of it (id, host name and pid namespace) names a machine: machines of a cluster that
 * start from one image have one id, and containers of one image often have one, too. The mistake that is left costs five
 * minutes (see liveness.ts) and not a login.
 */
export function comparePlaces(theirs: Place, ours: Place): Distance {
  if (theirs.boot === undefined || ours.boot === undefined) return 'unknown';
  const hasSamePids = theirs.pids !== undefined && theirs.pids === ours.pids;
  const isOtherMachine =
    theirs.machine !== undefined && ours.machine !== undefined && theirs.machine !== ours.machine;
  // Virtual machines that were copied while they ran share a boot, and get ids of their own afterwards.
  if (theirs.boot === ours.boot) return hasSamePids && !isOtherMachine ? 'here' : 'elsewhere';
  const isSameMachine =
    theirs.machine !== undefined && theirs.machine === ours.machine && theirs.name === ours.name;
  return isSameMachine && hasSamePids ? 'gone' : 'elsewhere';
}

/** The place in a record of ours; undefined when it has none, as those of version 0.1.0. */
export function readPlace(value: unknown): Place | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { machine, name, boot, pids } = value as Record<string, unknown>;
  return {
    name: typeof name === 'string' ? name : '',
    ...(isId(machine) ? { machine } : {}),
    ...(isId(boot) ? { boot } : {}),
    ...(isId(pids) ? { pids } : {}),
  };
}

let own: Place | undefined;

function findPlace(): Place {
  const name = hostname();
  if (process.platform === 'linux') {
    return readPlace({
      name,
      machine: firstLine('/etc/machine-id') ?? firstLine('/var/lib/dbus/machine-id'),
      boot: firstLine('/proc/sys/kernel/random/boot_id'),
      pids: linkAt('/proc/self/ns/pid'),
    }) as Place;
  }
  // No id of the machine: `ioreg` would take 15 ms of each start, to save five minutes after a restart.
  const boot = process.platform === 'darwin' ? askSysctl('kern.bootsessionuuid') : undefined;
  return boot === undefined ? { name } : { name, boot, pids: 'all' };
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value !== 'uninitialized';
}

function firstLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1').split('\n')[0]?.trim();
  } catch {
    return undefined;
  }
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function askSysctl(key: string): string | undefined {
  try {
    const answer = execFileSync('/usr/sbin/sysctl', ['-n', key], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return isId(answer) ? answer : undefined;
  } catch {
    return undefined;
  }
}
