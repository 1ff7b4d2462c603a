import { toPlainText } from '../../plain-text.ts';

/** The fields of a record as names and values, at most twenty. A field of an inner object has the name `mark.kind`. Pure. */
export function listFields(record: object): [name: string, value: unknown][] {
  return fieldsOf(record, '', MOST_INNER).slice(0, 20);
}

/** An object that lies deeper stays a value. */
const MOST_INNER = 3;

function fieldsOf(record: object, prefix: string, inner: number): [string, unknown][] {
  return Object.entries(record).flatMap(([key, value]): [string, unknown][] => {
    const name = `${prefix}${toPlainText(key, 40)}`;
    const isInner = typeof value === 'object' && value !== null && inner > 0;
    return isInner ? fieldsOf(value, `${name}.`, inner - 1) : [[name, value]];
  });
}
