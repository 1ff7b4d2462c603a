/** The facts that a session knows of its thread. They come from the thread's rollout. */
export interface SessionThread {
  id: string;
  /** The file of its rollout. */
  rollout: string;
  /** The directory it works in. */
  cwd?: string;
  /** The model of its last turn that did not run on the reserve model. */
  model?: string;
  effort?: string;
  /** Codex has switched it to the reserve model by itself. */
  onReserve?: boolean;
  /** The id of its original, when it is a copy that no child has opened yet. */
  copyOf?: string;
  /** It has an active `/goal`. */
  hasGoal?: boolean;
}
