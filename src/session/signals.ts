import { constants } from 'node:os';

const RELAYED: NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGABRT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTERM',
];

/**
 * Reports the signals that are sent to us and meant for Codex.
 * @param ignored a signal that Codex ignores from its start.
 * @returns a function that ends the reports.
 */
export function relaySignals(
  relay: (signal: NodeJS.Signals, number: number) => void,
  ignored?: NodeJS.Signals,
): () => void {
  const ends = RELAYED.filter((signal) => signal !== ignored).map((signal) => {
    const listener = () => relay(signal, constants.signals[signal]);
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const end of ends) end();
  };
}
