import { LIMIT_KINDS } from '../codex/limit-texts.ts';

/** Why an account is not used now: a limit, a login that was refused, or a person's wish. */
export const MARK_KINDS = [...LIMIT_KINDS, 'needs-login', 'manual'] as const;

export type MarkKind = (typeof MARK_KINDS)[number];

export interface Mark {
  kind: MarkKind;
  /** When the mark ends by itself, epoch seconds; null: a person ends it, and a new login ends `needs-login`. */
  until: number | null;
  /** When the mark was made, epoch seconds. */
  at: number;
  /** The model of a `model-bucket` mark: other models of the account may still work. */
  limitName?: string;
  /** The workspace (account id) of the limit: no target of that workspace is chosen. */
  workspace?: string;
  message?: string;
}

/** The marks that have not ended. */
export function activeMarks(state: { marks: readonly Mark[] }, nowSeconds: number): Mark[] {
  return state.marks.filter((mark) => mark.until === null || mark.until > nowSeconds);
}

/** Adds a mark. It replaces an older mark of the same limit. Marks that have ended are removed. */
export function withMark(marks: readonly Mark[], added: Mark): Mark[] {
  const others = activeMarks({ marks }, added.at).filter(
    (mark) => mark.kind !== added.kind || mark.limitName !== added.limitName,
  );
  return [...others, added];
}

/** Whether the mark is for the whole workspace, and not for one person in it. */
export function isWorkspaceMark(mark: Mark): mark is Mark & { workspace: string } {
  return (
    (mark.kind === 'workspace-credits' || mark.kind === 'spend-cap') && mark.workspace !== undefined
  );
}
