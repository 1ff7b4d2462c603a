import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeTime } from '../../src/local-time.ts';

const now = new Date(2026, 10, 21, 12, 0);
const at = (...parts: [number, number, number, number, number]) => +new Date(...parts) / 1000;
const TODAY = at(2026, 10, 21, 15, 40);

describe('one clock, that of the locale', () => {
  test.each([
    [{}, '15:40'],
    [{ LANG: '' }, '15:40'],
    [{ LANG: 'C' }, '15:40'],
    [{ LANG: 'C.UTF-8' }, '15:40'],
    [{ LANG: 'POSIX' }, '15:40'],
    [{ LANG: 'de_DE.UTF-8' }, '15:40'],
    [{ LANG: 'de_AT@euro' }, '15:40'],
    [{ LANG: 'en_GB.UTF-8' }, '15:40'],
    [{ LANG: 'fr_FR' }, '15:40'],
    [{ LANG: 'ja_JP.UTF-8' }, '15:40'],
    [{ LANG: 'en_US.UTF-8' }, '3:40 PM'],
    [{ LANG: 'en_US' }, '3:40 PM'],
    [{ LANG: 'en' }, '3:40 PM'],
    [{ LANG: 'en_IN.UTF-8' }, '3:40 PM'],
    [{ LANG: 'ar_EG.UTF-8' }, '3:40 PM'],
    [{ LANG: 'en_US.UTF-8', LC_TIME: 'de_DE.UTF-8' }, '15:40'],
    [{ LANG: 'de_DE.UTF-8', LC_TIME: 'en_US.UTF-8' }, '3:40 PM'],
    [{ LANG: 'de_DE.UTF-8', LC_TIME: '', LC_ALL: 'en_US.UTF-8' }, '3:40 PM'],
    [{ LANG: 'en_US.UTF-8', LC_TIME: 'en_US.UTF-8', LC_ALL: 'C' }, '15:40'],
    [{ LANG: 'en_US.UTF-8', LC_ALL: '' }, '3:40 PM'],
    [{ LANG: 'tlh_QO.UTF-8' }, '15:40'],
    [{ LANG: 'no locale at all' }, '15:40'],
    [{ LANG: '\u001b[2J' }, '15:40'],
    [{ LANG: '_' }, '15:40'],
    [{ LANG: '/usr/share/locale/de' }, '15:40'],
  ])('%j: %s', (env, text) => {
    expect(describeTime(TODAY, now, env)).toBe(text);
  });

  test.each([
    [at(2026, 10, 21, 0, 5), '00:05', '12:05 AM'],
    [at(2026, 10, 21, 9, 5), '09:05', '9:05 AM'],
    [at(2026, 10, 21, 11, 59), '11:59', '11:59 AM'],
    [at(2026, 10, 21, 12, 0), '12:00', '12:00 PM'],
    [at(2026, 10, 21, 23, 59), '23:59', '11:59 PM'],
    [at(2026, 10, 22, 0, 0), 'Nov 22 00:00', 'Nov 22 12:00 AM'],
    [at(2026, 10, 20, 15, 5), 'Nov 20 15:05', 'Nov 20 3:05 PM'],
    [at(2027, 0, 1, 0, 0), 'Jan 1, 2027 00:00', 'Jan 1, 2027 12:00 AM'],
  ])('%d is %s, or %s', (time, plain, twelve) => {
    expect(describeTime(time, now, { LANG: 'C' })).toBe(plain);
    expect(describeTime(time, now, { LANG: 'en_US.UTF-8' })).toBe(twelve);
  });

  test('no other file writes a time of day', () => {
    const src = new URL('../../src/', import.meta.url);
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' });
    const others = files
      .filter((file) => file.endsWith('.ts') && file !== 'local-time.ts')
      .filter((file) =>
        /toLocale(?:Time|Date)?String|Intl\.|getHours|getMinutes|toTimeString/.test(
          readFileSync(new URL(file, src), 'utf8'),
        ),
      );
    expect(files.length).toBeGreaterThan(100);
    expect(others).toEqual([]);
  });
});
