export const BLOCK: number;
export function makeBlock(number: number): Buffer;
export function makeFlood(size: number): Generator<Buffer>;
