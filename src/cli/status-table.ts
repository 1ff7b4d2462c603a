import { stripVTControlCharacters, styleText } from 'node:util';
import type { LiveSession } from './live-sessions.ts';
import { fitTable } from './table.ts';
import type { TargetReport, UsageReport } from './target-report.ts';
import { describeTime, describeWait } from './time-text.ts';
import { describeAge, drawBar, nameWindow } from './usage-text.ts';

export interface TargetStatus extends TargetReport {
  sessions: LiveSession[];
}

export interface StatusLook {
  now: Date;
  /** Columns of the terminal; undefined when piped: then nothing is left out. */
  width: number | undefined;
  colour: boolean;
}

/** How much a cell about a window says; less where the terminal is narrow. */
type Detail = 'full' | 'time' | 'percent';

/** The targets as a table: marker and name, e-mail, plan, a bar for each window, state, and where the figures come from. */
export function formatStatus(targets: readonly TargetStatus[], look: StatusLook): string[] {
  const details: Detail[] = ['full', 'time', 'percent'];
  const tables = details.map((detail) => layOut(targets, look, detail));
  const fits = (lines: string[]) =>
    look.width === undefined || lines.every((line) => lengthOf(line) <= (look.width as number));
  return tables.find(fits) ?? leaveOut(targets, look);
}

function layOut(targets: readonly TargetStatus[], look: StatusLook, detail: Detail): string[] {
  return fitTable(cellsOf(targets, look, detail), { width: undefined, dispensable: [], lengthOf });
}

/** What a narrow terminal does without, first to go first: source of the figures, plan, e-mail. */
function leaveOut(targets: readonly TargetStatus[], look: StatusLook): string[] {
  const cells = cellsOf(targets, look, 'percent');
  const figures = (cells[0] as string[]).indexOf('FIGURES');
  return fitTable(cells, {
    width: look.width,
    dispensable: figures === -1 ? [2, 1] : [figures, 2, 1],
    lengthOf,
  });
}

function cellsOf(targets: readonly TargetStatus[], look: StatusLook, detail: Detail): string[][] {
  const lengths = windowLengths(targets);
  const isMeasured = targets.some(({ usage }) => usage !== null);
  const figures = (cell: string) => (isMeasured ? [cell] : []);
  const windows = lengths.map(titleOf);
  const isUsed = targets.some(({ sessions }) => sessions.length > 0);
  const live = (cell: string) => (isUsed ? [cell] : []);
  const titles = ['  TARGET', 'E-MAIL', 'PLAN', ...windows];
  titles.push(...figures('FIGURES'), ...live('LIVE'), 'STATE');
  const rows = targets.map(({ usage, ...target }) => [
    `${target.current ? '*' : ' '} ${target.name}`,
    target.email ?? '-',
    target.plan ?? '-',
    ...lengths.map((minutes) => windowCell(usage, minutes, look, detail)),
    ...figures(usage === null ? '-' : describeAge(usage.source, usage.capturedAt, look.now)),
    ...live(target.sessions.length === 0 ? '-' : String(target.sessions.length)),
    paint(target, look),
  ]);
  return [titles, ...rows];
}

function lengthOf(cell: string): number {
  return stripVTControlCharacters(cell).length;
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

function paint(
  { state, reason }: Pick<TargetReport, 'state' | 'reason'>,
  { colour }: StatusLook,
): string {
  const text = reason ?? state;
  if (!colour) return text;
  return styleText(state === 'ready' ? 'green' : state === 'off' ? 'dim' : 'yellow', text, {
    validateStream: false,
  });
}
