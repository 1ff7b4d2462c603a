import { readdirSync, readFileSync } from 'node:fs';

/** The ids of all processes (Linux). */
export function listPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** A file of `/proc/<pid>/`; undefined when the process has ended, or belongs to another user and forbids reading. */
export function readProcFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}
