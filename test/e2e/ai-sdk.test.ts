import { join } from 'node:path';
import { createCodexAppServer, createCodexExec } from 'ai-sdk-provider-codex-cli';
import { afterEach, describe, expect, it } from 'vitest';
import { readRegistry } from '../lab/launches.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

// A provider of the AI SDK as a real client, through the shim: in its app-server mode one process for all calls, in its exec mode
// a process for each call.

const { openLab, close } = createSupervisedLab();
const providers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.close();
  await close();
});

const prompt = (text: string) => [
  { role: 'user' as const, content: [{ type: 'text' as const, text }] },
];
const textOf = (content: readonly { type: string }[]) =>
  content.map((part) => ('text' in part ? part.text : '')).join('');

async function openProviders(accounts: Parameters<typeof openLab>[0]) {
  const { backend, hotswap } = await openLab(accounts);
  const { bin, env, work: cwd } = hotswap.sandbox;
  const codexPath = join(bin, 'codex');
  await hotswap.command('install-shim', '--shim-path', codexPath);
  const settings = { codexPath, env, cwd };
  const server = createCodexAppServer({
    defaultSettings: { ...settings, approvalPolicy: 'never' },
  });
  providers.push(server);
  const exec = createCodexExec({ defaultSettings: { ...settings, skipGitRepoCheck: true } });
  return {
    backend,
    hotswap,
    server: server('gpt-6.2-sol'),
    exec: exec('gpt-6.2-sol'),
    close: () => server.close(),
  };
}

describe('a provider of the AI SDK', () => {
  it.each(['persistent', 'stateless'] as const)(
    'in app-server mode with a %s thread gets its answer from the next account',
    async (threadMode) => {
      const lab = await openProviders([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
      const { backend, hotswap, server } = lab;
      const providerOptions = { 'codex-app-server': { threadMode } };
      const first = await server.doGenerate({ prompt: prompt('one'), providerOptions });
      expect(textOf(first.content)).toBe('answer 1 from acc1');
      const second = await server.doGenerate({ prompt: prompt('two'), providerOptions });
      expect(textOf(second.content)).toBe('answer 1 from acc2');
      expect(second.finishReason.unified).toBe('stop');
      // Nothing was added to what the provider has sent.
      const sent = backend.turns('acc2').map(({ turn }) => turn?.userTexts.at(-1));
      expect(sent).toEqual([threadMode === 'stateless' ? 'User: two' : 'two']);
      const third = await server.doGenerate({ prompt: prompt('three'), providerOptions });
      expect(textOf(third.content)).toBe('answer 2 from acc2');
      await lab.close();
      const [launch, ...others] = readRegistry(hotswap.sandbox);
      expect(others).toEqual([]);
      expect(launch?.client).toMatch(/codex/);
    },
  );

  it('in app-server mode goes on with a thread, and streams', async () => {
    const { backend, server } = await openProviders([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2' },
    ]);
    const providerOptions = { 'codex-app-server': { threadMode: 'persistent' } };
    const first = await server.doGenerate({ prompt: prompt('one'), providerOptions });
    const { threadId = '' } = first.providerMetadata?.['codex-app-server'] ?? {};
    const { stream } = await server.doStream({
      prompt: prompt('two'),
      providerOptions: { 'codex-app-server': { threadId } },
    });
    const parts: { type: string; delta?: string }[] = [];
    for await (const part of stream as unknown as AsyncIterable<{ type: string }>) parts.push(part);
    expect(parts.map(({ delta = '' }) => delta).join('')).toBe('answer 1 from acc2');
    expect(parts.map(({ type }) => type)).not.toContain('error');
    expect(backend.turns('acc2')[0]?.turn?.userTexts.at(-1)).toBe('two');
    expect(backend.turns('acc2')[0]?.turn?.texts).toContain('answer 1 from acc1');
  });

  it('in exec mode gets one answer, and no error', async () => {
    const { backend, exec } = await openProviders([
      { name: 'acc1', turnsLeft: 0 },
      { name: 'acc2' },
    ]);
    const { content, finishReason } = await exec.doGenerate({ prompt: prompt('hello') });
    expect(textOf(content)).toBe('answer 1 from acc2');
    expect(finishReason.unified).toBe('stop');
    expect(backend.turns('acc2')).toHaveLength(1);
  });
});
