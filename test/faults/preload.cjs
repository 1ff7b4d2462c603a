// Loaded into our own programs by `--require`: makes one call into `fs`, or all from one on, fail, or kills the process there.
// FAULT_UNDER   directories, with `:` between: only calls about what is in them count
// FAULT_PROGRAM the program of dist/ that is meant: `launch`, `keeper`
// FAULT_AT      the number of the call, from 1; 0 for none
// FAULT_ERROR   ENOSPC, EACCES, EIO: that call fails. ENOSPC-on, EROFS-on: every call from there on that needs room, or writes;
//               SIGKILL: the process is killed before that call
// FAULT_LOG     a file that gets a line for each call: its number, name and path
'use strict';
const fs = require('node:fs');
const { basename, resolve, sep } = require('node:path');

const { FAULT_UNDER = '', FAULT_PROGRAM, FAULT_AT, FAULT_ERROR = '', FAULT_LOG } = process.env;
const under = FAULT_UNDER.split(':').filter(Boolean);
const at = Number(FAULT_AT);
const [code, lasts] = FAULT_ERROR.split('-');
const write = fs.appendFileSync;
const isMeant = basename(process.argv[1] ?? '', '.js') === FAULT_PROGRAM;

/** Which arguments are paths. */
const CALLS = {
  open: [0],
  mkdir: [0],
  mkdtemp: [0],
  rename: [0, 1],
  link: [0, 1],
  symlink: [1],
  unlink: [0],
  rm: [0],
  rmdir: [0],
  cp: [0, 1],
  copyFile: [0, 1],
  chmod: [0],
  utimes: [0],
  writeFile: [0],
  appendFile: [0],
  readFile: [0],
};
/** The first argument is a descriptor. */
const DESCRIPTOR_CALLS = ['write', 'fsync', 'fchmod', 'ftruncate'];
/** What a full disk does not hinder. */
const NEEDS_NO_ROOM = new Set([
  'unlink',
  'rm',
  'rmdir',
  'chmod',
  'fchmod',
  'rename',
  'link',
  'symlink',
]);
const { O_CREAT } = fs.constants;

let count = 0;
const paths = new Map();

function isUnder(path) {
  const absolute = resolve(String(path));
  return under.some((dir) => absolute === dir || absolute.startsWith(dir + sep));
}

/** Throws, or kills, when it is the call's turn. */
function meet(name, path, isHarmless) {
  count += 1;
  if (FAULT_LOG) write(FAULT_LOG, `${count} ${name} ${path}\n`);
  const isTurn = count === at || (lasts === 'on' && at > 0 && count > at);
  if (!isTurn) return;
  if (code === 'SIGKILL') {
    process.kill(process.pid, 'SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  if (lasts === 'on' && (isHarmless || (code === 'ENOSPC' && NEEDS_NO_ROOM.has(name)))) return;
  throw Object.assign(new Error(`${code}: made up, ${name} '${path}'`), {
    ...{ code, errno: -1, syscall: name, path },
  });
}

/** It needs neither room nor a directory that may be written in; of what is there already we open only fifos to write. */
function makesNothing(name, flags) {
  if (name === 'readFile') return true;
  return name === 'open' && (typeof flags === 'number' ? (flags & O_CREAT) === 0 : flags !== 'w');
}

function patch(owner, key, name, positions, isAsync) {
  const original = owner[key];
  if (original === undefined) return;
  const patched = function (...args) {
    const path = positions.map((position) => args[position]).find(isUnder);
    if (path !== undefined) meet(name, path, makesNothing(name, args[1]));
    const result = original.apply(this, args);
    if (name === 'open' && !isAsync && path !== undefined) paths.set(result, path);
    return result;
  };
  // A rejection, not an exception.
  owner[key] = isAsync ? async (...args) => patched.apply(owner, args) : patched;
  if (original.native !== undefined) owner[key].native = original.native;
}

if (isMeant) {
  for (const [name, positions] of Object.entries(CALLS)) {
    patch(fs, `${name}Sync`, name, positions, false);
    patch(fs.promises, name, name, positions, true);
  }
  for (const name of DESCRIPTOR_CALLS) {
    const original = fs[`${name}Sync`];
    fs[`${name}Sync`] = function (fd, ...args) {
      const path = paths.get(fd);
      if (path !== undefined) meet(name, path, false);
      return original.call(this, fd, ...args);
    };
  }
  const { closeSync } = fs;
  fs.closeSync = (fd) => {
    paths.delete(fd);
    return closeSync(fd);
  };
  require('node:module').syncBuiltinESMExports();
}
