import { limits } from '../base/limits.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import type { Selection } from './selection.ts';
import { selects, selectsBelow } from './selection.ts';

/**
 * The selected blobs of a container. Folders without selected blobs are not listed: it descends from subscription to
 * resource group, NSG, year, month, day and hour as far as the selection requires, several folders in parallel. Without
 * a selection it is one listing, in order of names.
 */
export async function* selectedBlobs(container: Container, selection: Selection): AsyncGenerator<BlobItem> {
  const asked =
    selection.include.some(({ key }) => key !== 'nic') || selection.exclude.some(({ key }) => key !== 'nic');
  if (!asked && selection.start === undefined && selection.end === undefined) yield* listed(container, '', selection);
  else yield* below(container, '', selection, { blobs: limits.listedAheadMax });
}

/** How many more blobs can be listed ahead. */
interface Room {
  blobs: number;
}

async function* below(
  container: Container,
  folder: string,
  selection: Selection,
  room: Room,
): AsyncGenerator<BlobItem> {
  const folders: string[] = [];
  for await (const child of container.children(folder)) {
    if (typeof child === 'string') {
      if (selectsBelow(selection, child) !== 'none') folders.push(child);
    } else if (selects(selection, child.name)) yield child;
  }
  const look = (at: string): AsyncGenerator<BlobItem> =>
    selectsBelow(selection, at) === 'all' ? listed(container, at, selection) : below(container, at, selection, room);
  // A single folder is not read ahead: its blobs are listed one by one, and none is held.
  if (folders.length === 1) {
    yield* look(folders[0]);
    return;
  }
  const ahead: AsyncGenerator<BlobItem>[] = [];
  for (let next = 0, done = 0; done < folders.length; done++) {
    for (; next < Math.min(folders.length, done + foldersAhead); next++)
      ahead.push(readAhead(look(folders[next]), room));
    yield* ahead.shift()!;
  }
}

const foldersAhead = Math.min(8, limits.parallelMax);

/** Starts listing the blobs at once, as far as there is room; the others follow on demand. */
function readAhead(blobs: AsyncGenerator<BlobItem>, room: Room): AsyncGenerator<BlobItem> {
  const held: BlobItem[] = [];
  const fill = async (): Promise<boolean> => {
    while (room.blobs > 0) {
      const { value, done } = await blobs.next();
      if (done === true) return true;
      held.push(value);
      room.blobs--;
    }
    return false;
  };
  const filling = fill();
  // Awaited in its turn.
  filling.catch(() => undefined);
  return (async function* () {
    const isAll = await filling;
    for (const blob of held) {
      room.blobs++;
      yield blob;
    }
    held.length = 0;
    if (!isAll) yield* blobs;
  })();
}

async function* listed(container: Container, prefix: string, selection: Selection): AsyncGenerator<BlobItem> {
  for await (const item of container.list(prefix)) if (selects(selection, item.name)) yield item;
}
