import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Reads the part of a program that contains its texts: `.rodata` of an ELF file, which is a twentieth of Codex, or any other
 * file as a whole. @throws the errno error when the file cannot be read.
 */
export function readTextPart(file: string): Buffer {
  const handle = openSync(file, 'r');
  try {
    const read = (at: number, size: number) => {
      const bytes = Buffer.alloc(size);
      return bytes.subarray(0, readSync(handle, bytes, 0, size, at));
    };
    const { at, size } = findReadOnlyData(read) ?? { at: 0, size: fstatSync(handle).size };
    return read(at, size);
  } finally {
    closeSync(handle);
  }
}

interface Range {
  at: number;
  size: number;
}

function findReadOnlyData(read: (at: number, size: number) => Buffer): Range | undefined {
  const header = read(0, 64);
  // 64 bits, little-endian.
  if (header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined;
  const [entrySize, count, names] = [0x3a, 0x3c, 0x3e].map((at) => header.readUInt16LE(at));
  const table = read(Number(header.readBigUInt64LE(0x28)), (entrySize ?? 0) * (count ?? 0));
  const entry = (index = 0) => table.subarray(index * (entrySize ?? 0));
  const rangeOf = (section: Buffer): Range => ({
    at: Number(section.readBigUInt64LE(0x18)),
    size: Number(section.readBigUInt64LE(0x20)),
  });
  const nameTable = rangeOf(entry(names));
  const nameBytes = read(nameTable.at, nameTable.size);
  for (let index = 0; index < (count ?? 0); index += 1) {
    const from = entry(index).readUInt32LE(0);
    const name = nameBytes.toString('latin1', from, nameBytes.indexOf(0, from));
    if (name === '.rodata') return rangeOf(entry(index));
  }
  return undefined;
}
