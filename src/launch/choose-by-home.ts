import type { WantedTarget } from './choose-account.ts';
import type { HomeLogin } from './home-login.ts';

/** What a home means for a launch. */
export interface HomeChoice {
  /** The account that is asked for, by name or by the home. */
  wanted: WantedTarget | undefined;
  /** The home's auth.json is left as it is when the session moves on. */
  keepsHome: boolean;
  /** A line for the user. @param target the account that was chosen. */
  tell(target: string): string | undefined;
}

/**
 * An account that is named outranks the home, and the home outranks the account that is current. Pure.
 * @returns the line to say when Codex is to run alone.
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
