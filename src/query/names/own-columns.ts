import type { AddressAttribute } from '../../enrich/attribute.ts';
import { addNameFields } from '../filter/fields.ts';
import { addNameColumns } from './columns.ts';

/** Makes the columns of a user's tables known in this process, before filters are read. Those that are known already stay. */
export function declareOwnColumns(attributes: readonly AddressAttribute[]): void {
  addNameFields(addNameColumns(attributes));
}
