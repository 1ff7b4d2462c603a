import type { Config } from '../../state/config.ts';
import { askText } from '../prompts.ts';
import { whyNoName } from './add-target.ts';

/** Asks for the name of a new target. @throws HotswapError `cancelled`. */
export function askName(
  question: string,
  initial: string,
  config: Config | undefined,
): Promise<string> {
  return askText(question, { initial, check: (name) => whyNoName(name, config) });
}
