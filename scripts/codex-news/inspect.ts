import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '../../test/lab/backend/index.ts';
import { findCodex } from '../../test/lab/codex-under-test.ts';
import { makeSandbox, type SandboxOptions } from '../../test/lab/sandbox.ts';
import type { Facts } from './facts.ts';
import { parseFeatureList } from './features.ts';
import { readHelpTree } from './help.ts';
import { KNOWN_TEXTS } from './known-texts.ts';
import { readTextPart } from './read-texts.ts';
import { type Protocol, readProtocol } from './schema.ts';
import { runSessions } from './sessions.ts';
import { findTexts, listSentences, type Texts } from './texts.ts';

/** All that the news compares of one release. A part that could not be asked is an Error. */
export interface Release {
  features: Facts | Error;
  help: Facts | Error;
  protocol: Protocol | Error;
  texts: Texts | Error;
  home: string[] | Error;
}

/**
 * Asks an installed release, in scratch homes, with no network but loopback.
 * @param launcher the path of its npm launcher.
 * @throws Error when the launcher has no binary.
 */
export async function inspectRelease(launcher: string): Promise<Release> {
  const codex = findCodex(launcher);
  // Without a login: with one, `features list` would refresh its token (fact 20).
  const asked = await inSandbox({ codex: launcher }, async (box) => {
    const ask = async (args: string[]) => {
      const { status, stdout, stderr } = await box.run(codex.native, args);
      if (status !== 0) throw new Error(`codex ${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    const schema = join(box.home, 'schema');
    return {
      features: await attempt(async () => parseFeatureList(await ask(['features', 'list']))),
      help: await attempt(() => readHelpTree(ask)),
      protocol: await attempt(async () => {
        await ask(['app-server', 'generate-json-schema', '--experimental', '--out', schema]);
        return readProtocol(JSON.parse(readFileSync(join(schema, SCHEMA), 'utf8')));
      }),
    };
  });
  const texts = await attempt(async () => {
    const image = readTextPart(codex.native);
    return { image, known: findTexts(image, KNOWN_TEXTS), sentences: listSentences(image) };
  });
  const home = await attempt(async () => {
    const backend = await startBackend({ accounts: [{ name: 'acc1' }] });
    try {
      return await inSandbox({ codex: launcher, backend, login: 'acc1' }, (box) =>
        runSessions(codex, backend, box),
      );
    } finally {
      await backend.close();
    }
  });
  return { ...asked, texts, home };
}

const SCHEMA = 'codex_app_server_protocol.schemas.json';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

type Box = Awaited<ReturnType<typeof makeSandbox>>;

async function inSandbox<T>(options: SandboxOptions, act: (box: Box) => Promise<T>): Promise<T> {
  const box = await makeSandbox(options);
  const end = (signal: NodeJS.Signals) => {
    const exit = () => process.exit(128 + constants.signals[signal]);
    box.dispose().then(exit, exit);
  };
  for (const signal of SIGNALS) process.once(signal, end);
  try {
    return await act(box);
  } finally {
    for (const signal of SIGNALS) process.off(signal, end);
    await box.dispose();
  }
}

async function attempt<T>(act: () => Promise<T>): Promise<T | Error> {
  return act().catch((error: unknown) => (error instanceof Error ? error : new Error(`${error}`)));
}
