import type { Row } from './table.ts';
import type { Workshop } from './workshop.ts';
export async function bench(_workshop: Workshop): Promise<Row[]> {
  return [];
}
