import { describeTime } from '../../local-time.ts';
import { type OwnText, ownText } from '../../plain-text.ts';
import { widthOf } from '../cut-to-width.ts';
import type { LiveSession } from '../session/live-sessions.ts';
import { fitTable, type Row } from '../table.ts';
import { describeWait } from '../time-text.ts';
import type { TargetReport, UsageReport } from './target-report.ts';
import { describeAge, drawBar, nameWindow } from './usage-text.ts';

export interface TargetStatus extends TargetReport {
  sessions: LiveSession[];
}

export interface StatusLook {
  now: Date;
  /** Columns of the terminal; undefined in a pipe, where nothing is left out. */
  width: number | undefined;
  colour: boolean;
}

/** The length of a cell about a window; a narrow terminal gets a shorter one. */
type Detail = 'full' | 'time' | 'percent';
/** How the cell of a state explains the state. */
type Wording = 'sentence' | 'brief';

/**
 * The targets as a table: marker and name, e-mail, plan, a bar for each window, source of the figures, state. The cell of a
 * state explains it. A narrow terminal shows one word there, and the explanation below the table.
 */
export function formatStatus(
  targets: readonly TargetStatus[],
  look: StatusLook,
): (string | OwnText)[] {
  const { width } = look;
  const fits = (rows: Row[]) =>
    width === undefined || rows.every(({ before, last }) => widthOf(before + last) <= width);
  const paint = (rows: Row[]) => rows.map((row, index) => paintRow(row, targets[index - 1], look));
  const layOut = (detail: Detail, wording: Wording) =>
    fitTable(cellsOf(targets, look, detail, wording), { width: undefined, dispensable: [] });
  const whole = layOut('full', 'sentence');
  if (fits(whole)) return paint(whole);
  const details: Detail[] = ['full', 'time', 'percent'];
  const tables = details.map((detail) => layOut(detail, 'brief'));
  return [...paint(tables.find(fits) ?? dropColumns(targets, look)), ...explainBelow(targets)];
}

/** Whole sentences: when the terminal wraps them, a user can still copy a command from them. */
function explainBelow(targets: readonly TargetStatus[]): string[] {
  const lines = targets.flatMap(({ name, reason, state }) =>
    reason === null || state === 'off' ? [] : [`${name}: ${reason}`],
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

/** Drops columns in this order: source of the figures, plan, e-mail, windows. */
function dropColumns(targets: readonly TargetStatus[], look: StatusLook): Row[] {
  const cells = cellsOf(targets, look, 'percent', 'brief');
  const titles = cells[0] as string[];
  const figures = titles.indexOf('FIGURES');
  const windows = titles.flatMap((title, column) => (title.endsWith(' LEFT') ? [column] : []));
  return fitTable(cells, {
    width: look.width,
    dispensable: [...(figures === -1 ? [] : [figures]), 2, 1, ...windows.reverse()],
  });
}

function cellsOf(
  targets: readonly TargetStatus[],
  look: StatusLook,
  detail: Detail,
  wording: Wording,
): string[][] {
  const lengths = windowLengths(targets);
  const isMeasured = targets.some(({ usage }) => usage !== null);
  const figures = (cell: string) => (isMeasured ? [cell] : []);
  const isUsed = targets.some(({ sessions }) => sessions.length > 0);
  const live = (cell: string) => (isUsed ? [cell] : []);
  const titles = ['  ACCOUNT', 'E-MAIL', 'PLAN', ...lengths.map(titleOf)];
  titles.push(...figures('FIGURES'), ...live('LIVE'), 'STATE');
  const rows = targets.map(({ usage, ...target }) => [
    `${target.current ? '*' : ' '} ${target.name}`,
    target.email ?? '-',
    target.plan ?? '-',
    ...lengths.map((minutes) => windowCell(usage, minutes, look, detail)),
    ...figures(usage === null ? '-' : describeAge(usage.source, usage.capturedAt, look.now)),
    ...live(target.sessions.length === 0 ? '-' : String(target.sessions.length)),
    (wording === 'brief' ? abbreviate(target, look.now) : target.reason) ?? target.state,
  ]);
  return [titles, ...rows];
}

/** All lengths of windows that any target has, shortest first. */
function windowLengths(targets: readonly TargetStatus[]): (number | null)[] {
  const lengths = targets.flatMap(
    ({ usage }) => usage?.windows.map(({ minutes }) => minutes) ?? [],
  );
  return [...new Set(lengths)].sort((a, b) => (a ?? 0) - (b ?? 0));
}

function titleOf(minutes: number | null): string {
  return `${nameWindow(minutes ?? undefined)} left`.toUpperCase();
}

function windowCell(
  usage: UsageReport | null,
  minutes: number | null,
  { now }: StatusLook,
  detail: Detail,
): string {
  const window = usage?.windows.find((candidate) => candidate.minutes === minutes);
  if (window === undefined) return '-';
  if (detail === 'percent') return `${Math.floor(window.leftPercent)}%`;
  const bar = drawBar(window.leftPercent);
  if (window.resetsAt === null || window.leftPercent >= 100) return bar;
  const resets = Date.parse(window.resetsAt) / 1000;
  const at = `${bar}, ${describeTime(resets, now)}`;
  return detail === 'full' ? `${at} (${describeWait(resets, now)})` : at;
}

/** A state in one or two words; null when the target is ready. */
function abbreviate(
  { state, marks }: Pick<TargetReport, 'state' | 'marks'>,
  now: Date,
): string | null {
  if (state !== 'marked') return BRIEF[state];
  if (marks.some(({ kind }) => kind === 'needs-login')) return 'needs login';
  const ends = marks.map(({ until }) => (until === null ? Number.NaN : Date.parse(until) / 1000));
  if (ends.length === 0) return 'at its limit'; // it is set to spend no credits
  const last = Math.max(...ends); // NaN when a mark has no end
  return Number.isFinite(last) ? `until ${describeTime(last, now)}` : 'set aside';
}

const BRIEF: Record<Exclude<TargetReport['state'], 'marked'>, string | null> = {
  ready: null,
  off: 'off',
  'not-logged-in': 'no login',
  'wrong-account': 'other account',
  broken: 'broken login',
  unsafe: 'unsafe',
};

/** The state in its colour. The row of titles has no target. */
function paintRow(
  { before, last }: Row,
  target: TargetStatus | undefined,
  { colour }: StatusLook,
): string | OwnText {
  if (!colour || target === undefined) return `${before}${last}`.trimEnd();
  const [on, off] = COLOURS[target.state] ?? YELLOW;
  return ownText`${before}\u001b[${on}m${last}\u001b[${off}m`;
}

const YELLOW = [33, 39] as const;
const COLOURS: Partial<Record<TargetReport['state'], readonly [number, number]>> = {
  ready: [32, 39],
  off: [2, 22],
};
