/** Why an account is not used for now. */
export type MarkKind =
  | 'window-5h'
  | 'window-weekly'
  | 'window-other'
  | 'model-bucket'
  | 'workspace-credits'
  | 'spend-cap'
  | 'not-in-plan'
  | 'api-quota'
  | 'reserve'
  | 'needs-login'
  | 'manual'
  | 'unknown';

export const MARK_KINDS: readonly MarkKind[] = [
  'window-5h',
  'window-weekly',
  'window-other',
  'model-bucket',
  'workspace-credits',
  'spend-cap',
  'not-in-plan',
  'api-quota',
  'reserve',
  'needs-login',
  'manual',
  'unknown',
];

export interface Mark {
  kind: MarkKind;
  /** Epoch seconds at which it lapses by itself; null = only by hand (or, for `needs-login`, by a new login). */
  until: number | null;
  /** Epoch seconds at which it was made. */
  at: number;
  /** The named bucket of a `model-bucket` mark: other models of the account may still work. */
  limitName?: string;
  /** The workspace (account id) that the limit belongs to: it rules out every target of that workspace. */
  workspace?: string;
  message?: string;
}

/** The marks that still hold. */
export function activeMarks(state: { marks: readonly Mark[] }, nowSeconds: number): Mark[] {
  return state.marks.filter((mark) => mark.until === null || mark.until > nowSeconds);
}

/** The marks with one more: a newer mark of the same limit takes the place of the older; lapsed ones go. */
export function withMark(marks: readonly Mark[], added: Mark): Mark[] {
  const others = activeMarks({ marks }, added.at).filter(
    (mark) => mark.kind !== added.kind || mark.limitName !== added.limitName,
  );
  return [...others, added];
}

/** Whether a mark speaks about the whole workspace instead of one person in it. */
export function isWorkspaceMark(mark: Mark): mark is Mark & { workspace: string } {
  return (
    (mark.kind === 'workspace-credits' || mark.kind === 'spend-cap') && mark.workspace !== undefined
  );
}
