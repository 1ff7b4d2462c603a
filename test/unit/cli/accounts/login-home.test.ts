import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeAbandonedHomes } from '../../../../src/cli/accounts/login-home.ts';
import { ownPlace, type Place } from '../../../../src/state/machine-place.ts';
import { ownIdentity, processTable } from '../../../../src/state/process-identity.ts';
import { makeScratchHome } from '../../state/scratch-home.ts';

const DEAD = { pid: 999_999_999, startTime: '1' };
const ELSEWHERE: Place = { machine: 'm', name: 'n', boot: 'another', pids: 'p' };

test('homes of logins that were killed are removed, those of a login elsewhere are not', () => {
  const paths = makeScratchHome();
  const parent = join(paths.stateDir, 'login');
  /** @param minutes since its owner touched it. */
  const make = (name: string, owner?: object, minutes = 0) => {
    const time = Date.now() / 1000 - minutes * 60;
    mkdirSync(join(parent, name, 'home'), { recursive: true });
    const file = join(parent, name, 'owner.json');
    if (owner !== undefined) {
      writeFileSync(file, JSON.stringify({ table: processTable(), ...owner }));
      utimesSync(file, time, time);
    }
    utimesSync(join(parent, name), time, time);
  };
  make('1-ours', { ...ownIdentity(), place: ownPlace() }, 60);
  make('2-killed', { ...DEAD, place: ownPlace() });
  make('3-elsewhere', { ...DEAD, place: ELSEWHERE }, 4);
  make('4-silent', { ...DEAD, place: ELSEWHERE }, 6);
  // Version 0.1.0 left a pid in the name, which may be of another container.
  make(`${DEAD.pid}-old`, undefined, 60);
  make(`${DEAD.pid}-very-old`, undefined, 60 * 25);
  make('not-ours', undefined, 60 * 25);
  removeAbandonedHomes(paths);
  expect(readdirSync(parent).sort()).toEqual(
    ['1-ours', '3-elsewhere', `${DEAD.pid}-old`, 'not-ours'].sort(),
  );
});
