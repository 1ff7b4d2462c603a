import { execFileSync, type StdioOptions } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { attempt } from './attempt.ts';

/** A machine or container, with its own table of pids. Unknown fields are missing. */
export interface Place {
  /** The id of the machine. Machines and containers made from one image may share it, so the name counts as well. */
  machine?: string;
  /** The host name. On macOS it changes with the network, so alone it proves nothing. */
  name: string;
  /** The id of the boot: unique for each start of each machine. */
  boot?: string;
  /** The pid namespace: each container has its own. */
  pids?: string;
}

/**
 * - `here`: the same table of pids.
 * - `gone`: this machine before its last start, so all of its processes are dead.
 * - `elsewhere`: another machine, or another container.
 * - `unknown`: the system gives no id of the boot, so it may be here or elsewhere.
 */
export type Distance = 'here' | 'gone' | 'elsewhere' | 'unknown';

/** Our own place. The first call costs three small reads on Linux, one `sysctl` (a few milliseconds) on macOS. */
export function ownPlace(): Place {
  own ??= findPlace();
  return own;
}

/**
 * Compares two places. Id, host name and pid namespace together name a machine: the machines of a cluster and the containers
 * of an image often share one id. A wrong answer costs five minutes (see liveness.ts), no login.
 */
export function comparePlaces(theirs: Place, ours: Place): Distance {
  if (theirs.boot === undefined || ours.boot === undefined) return 'unknown';
  const hasSamePids = theirs.pids !== undefined && theirs.pids === ours.pids;
  const isOtherMachine =
    theirs.machine !== undefined && ours.machine !== undefined && theirs.machine !== ours.machine;
  // Virtual machines that were copied while they ran share a boot, and get their own ids later.
  if (theirs.boot === ours.boot) return hasSamePids && !isOtherMachine ? 'here' : 'elsewhere';
  const isSameMachine =
    theirs.machine !== undefined && theirs.machine === ours.machine && theirs.name === ours.name;
  return isSameMachine && hasSamePids ? 'gone' : 'elsewhere';
}

/** The place in a record; undefined in a record of version 0.1.0. */
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
      pids: attempt(() => readlinkSync('/proc/self/ns/pid')),
    }) as Place;
  }
  // macOS: `ioreg` has an id of the machine, but takes 15 ms of each start to save five minutes after a restart.
  const boot = process.platform === 'darwin' ? askSysctl('kern.bootsessionuuid') : undefined;
  return boot === undefined ? { name } : { name, boot, pids: 'all' };
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value !== 'uninitialized';
}

function firstLine(file: string): string | undefined {
  return attempt(() => readFileSync(file, 'latin1').split('\n')[0]?.trim());
}

function askSysctl(key: string): string | undefined {
  const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
  const answer = attempt(() =>
    execFileSync('/usr/sbin/sysctl', ['-n', key], { encoding: 'utf8', stdio }).trim(),
  );
  return isId(answer) ? answer : undefined;
}
