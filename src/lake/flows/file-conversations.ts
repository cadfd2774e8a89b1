/**
 * How many conversations a data file of `flows` has, in its tags: a count of all conversations then need not read it. Files of earlier versions, and
 * those that other programs wrote, do not say.
 */
import type { AddAction } from '../delta/delta-log.ts';
import type { FlowSlice } from './staged-flows.ts';

/** Rows of observer 0. */
export interface FileConversations {
  /** Those that began on the date of the file. */
  readonly begun: number;
  /** Those that began on an earlier date. */
  readonly continued: number;
}

const begunTag = 'nsgflow.begun';
const continuedTag = 'nsgflow.continued';

/** What the file of an action has; `undefined` where it does not say. */
export function conversationsOf({ tags }: AddAction): FileConversations | undefined {
  const [begun, continued] = [numberOf(tags?.[begunTag]), numberOf(tags?.[continuedTag])];
  return begun === undefined || continued === undefined ? undefined : { begun, continued };
}

/** Tags of a file with the conversations of these; none where one of them does not say. */
export function conversationTags(parts: readonly (FileConversations | undefined)[]): Record<string, string> {
  let [begun, continued] = [0, 0];
  for (const part of parts) {
    if (part === undefined) return {};
    begun += part.begun;
    continued += part.continued;
  }
  return { [begunTag]: String(begun), [continuedTag]: String(continued) };
}

/** The conversations of rows that are written to a file. */
export function countConversations({ count, columns }: FlowSlice): FileConversations {
  let [begun, continued] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (columns.observer[i] !== 0) continue;
    if (columns.continued[i] === 0) begun++;
    else continued++;
  }
  return { begun, continued };
}

function numberOf(text: string | null | undefined): number | undefined {
  return text != null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
