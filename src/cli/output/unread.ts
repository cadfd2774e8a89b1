import type { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { tell } from './printable.ts';

/** Names on stderr what could not be read. */
export function tellUnread(unread: readonly FlowError[]): void {
  for (const { message } of unread.slice(0, limits.unreadToldMax)) tell(`unread: ${message}`);
  const more = unread.length - limits.unreadToldMax;
  if (more > 0) tell(`unread: ${more} further blobs or folders`);
}
