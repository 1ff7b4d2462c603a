/** A thread that a session works on, as far as its rollout tells. */
export interface SessionThread {
  id: string;
  /** The file of its rollout. */
  rollout: string;
  /** The directory it works in. */
  cwd?: string;
  /** The model of its last turn that did not run on the reserve. */
  model?: string;
  effort?: string;
  /** Codex has put it on the reserve by itself. */
  onReserve?: boolean;
  /** It works towards a `/goal` by itself. */
  hasGoal?: boolean;
}
