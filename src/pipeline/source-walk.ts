import { limits } from '../base/limits.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import type { Selection } from './source-selection.ts';
import { selects, selectsBelow } from './source-selection.ts';

/**
 * The selected blobs of a container. Folders that cannot hold any are not listed: it goes down from subscription to resource group, NSG, year, month,
 * day and hour as far as the selection asks, several folders at once. Without a selection it is one listing, in order of names.
 */
export async function* selectedBlobs(container: Container, selection: Selection): AsyncGenerator<BlobItem> {
  const asked =
    selection.include.some(({ key }) => key !== 'nic') || selection.exclude.some(({ key }) => key !== 'nic');
  if (!asked && selection.start === undefined && selection.end === undefined) yield* listed(container, '', selection);
  else yield* below(container, '', selection);
}

async function* below(container: Container, folder: string, selection: Selection): AsyncGenerator<BlobItem> {
  const folders: string[] = [];
  for await (const child of container.children(folder)) {
    if (typeof child === 'string') {
      if (selectsBelow(selection, child) !== 'none') folders.push(child);
    } else if (selects(selection, child.name)) yield child;
  }
  const ahead: Promise<BlobItem[]>[] = [];
  const look = async (at: string): Promise<BlobItem[]> => {
    const items: BlobItem[] = [];
    const found =
      selectsBelow(selection, at) === 'all' ? listed(container, at, selection) : below(container, at, selection);
    for await (const item of found) items.push(item);
    return items;
  };
  // Alone, a folder is not read ahead: its blobs then come one by one, and nothing of it is held.
  if (folders.length === 1) {
    const [only] = folders;
    yield* selectsBelow(selection, only) === 'all'
      ? listed(container, only, selection)
      : below(container, only, selection);
    return;
  }
  for (let next = 0, done = 0; done < folders.length; done++) {
    for (; next < Math.min(folders.length, done + foldersAhead); next++) {
      const looking = look(folders[next]);
      looking.catch(() => undefined);
      ahead.push(looking);
    }
    yield* (await ahead.shift()) ?? [];
  }
}

const foldersAhead = Math.min(8, limits.parallelMax);

async function* listed(container: Container, prefix: string, selection: Selection): AsyncGenerator<BlobItem> {
  for await (const item of container.list(prefix)) if (selects(selection, item.name)) yield item;
}
