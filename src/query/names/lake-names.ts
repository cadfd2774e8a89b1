/** Names for questions over a lake: files that a user names, and what the lake keeps. */
import type { NameFiles, NameSource } from '../../enrich/names.ts';
import { lazyNames } from '../../enrich/names.ts';
import { resourceSnapshots } from './resource-snapshots.ts';
import { tagSnapshots } from './tag-snapshots.ts';

/** Snapshots of tags are among them unless the user names tags; kept resources stand behind the user's inventories. */
export function namesOfLake(lake: string | undefined, files: NameFiles): NameSource {
  if (lake === undefined) return lazyNames(files);
  let opened: ReturnType<NameSource> | undefined;
  return () => (opened ??= openNamesOfLake(lake, files));
}

async function openNamesOfLake(lake: string, files: NameFiles): ReturnType<NameSource> {
  const [tags, resources] = await Promise.all([files.tags ?? tagSnapshots(lake), resourceSnapshots(lake)]);
  return await lazyNames({ ...files, tags, resources })();
}
