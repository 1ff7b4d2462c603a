import type { WantedTarget } from './choose-account.ts';
import type { HomeLogin } from './home-login.ts';

/** What the Codex home decides for a launch. */
export interface HomeChoice {
  /** The account that the command line or the home asks for. */
  wanted: WantedTarget | undefined;
  /** A handoff does not change the home's auth.json. */
  keepsHome: boolean;
  /** A line for the user. @param target the chosen account. */
  tell(target: string): string | undefined;
}

/**
 * A named account outranks the home, and the home outranks the current account. Pure.
 * @returns `alone`: the line for the user when Codex runs unsupervised.
 */
export function chooseByHome(
  home: HomeLogin,
  wanted: WantedTarget | undefined,
): HomeChoice | { alone: string } {
  const isNamed = wanted?.kind === 'only';
  const silent = () => undefined;
  switch (home.kind) {
    case 'ours':
      return { wanted, keepsHome: false, tell: silent };
    case 'empty': {
      const tell = (target: string) =>
        `this Codex home has no login of its own, so this session works under ${target}; to give it one: codex login`;
      return { wanted, keepsHome: true, tell: isNamed ? silent : tell };
    }
    case 'apart':
      if (!isNamed) return { alone: home.alone };
      return { wanted, keepsHome: true, tell: (target) => tellNamed(home.line, target) };
    case 'vault':
    case 'target': {
      const tell = (target: string) => {
        if (isNamed) return target === home.target ? undefined : tellNamed(home.line, target);
        return `${home.line}, so this session works under ${target}`;
      };
      const byHome: WantedTarget = { kind: 'only', target: home.target };
      return { wanted: isNamed ? wanted : byHome, keepsHome: true, tell };
    }
  }
}

function tellNamed(line: string, target: string): string {
  return `${line}; this session works under ${target}, as you asked`;
}
