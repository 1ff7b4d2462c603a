export const BLOCK: number;
export function makeFlood(size: number, isPlain?: boolean): Generator<Buffer>;
