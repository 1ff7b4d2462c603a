/** @param share 0 to 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

export interface Pairs {
  ours: number[];
  rival: number[];
  /** Ours divided by the rival's, pair by pair, because a noisy machine slows both of a pair. */
  ratio: number;
  /** Ours minus the rival's, pair by pair. */
  difference: number;
}

/** Measures `count` pairs, in an order that changes from pair to pair, after one pair that is not counted. */
export async function alternate(
  count: number,
  ours: () => Promise<number> | number,
  rival: () => Promise<number> | number,
): Promise<Pairs> {
  const pairs: [number, number][] = [];
  for (let i = 0; i <= count; i += 1) {
    const first = i % 2 === 0 ? await ours() : await rival();
    const second = i % 2 === 0 ? await rival() : await ours();
    if (i > 0) pairs.push(i % 2 === 0 ? [first, second] : [second, first]);
  }
  return {
    ours: pairs.map(([mine]) => mine),
    rival: pairs.map(([, theirs]) => theirs),
    ratio: median(pairs.map(([mine, theirs]) => mine / theirs)),
    difference: median(pairs.map(([mine, theirs]) => mine - theirs)),
  };
}

export function ms(value: number, digits = value < 10 ? 2 : 0): string {
  return `${value.toFixed(digits)} ms`;
}

/** `+1.2 ms`, `−0.1 ms`. */
export function addedMs(value: number): string {
  return `${value < 0 ? '−' : '+'}${ms(Math.abs(value))}`;
}
