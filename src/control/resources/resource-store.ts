/**
 * Resources on disk: one readable JSON file each, whole at every moment.
 *
 *   DATA/resources/microsoft.network.networksecuritygroups/web-0f3a9c5d1e2b4a680f3a9c5d1e2b4a68.json
 *     {"version": 1, "id": …, "type": …, "name": …, "etag": …, "body": {…}, "hidden": {…}}
 *   DATA/resources/.new/            files being written
 *
 * A file's name is the resource's name as far as it is plain, and half (128 bits) of the SHA-256 of its id in lower case. A change is a temporary
 * file, written and synced, then renamed, then the folder synced; memory follows the disk. Files are readable by their owner alone, since
 * accounts hold keys.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { JsonObject } from '../../arm-template/value.ts';
import { FlowError, fileError } from '../../base/errors.ts';
import { removeStaleTemporaries, syncFolder, temporaryPath, writeAll } from '../../blob/folder-file.ts';
import type { Resource } from './resource.ts';
import { objectOf, textOf } from './resource.ts';

export interface ResourceStore {
  get(id: string): Resource | undefined;
  /** All resources of one type, in any casing, in no particular order. */
  ofType(type: string): Iterable<Resource>;
  /** Types that have resources, in lower case. */
  types(): string[];
  all(): Iterable<Resource>;
  readonly count: number;
  /**
   * On disk when it resolves.
   * @throws FlowError if the disk refuses; nothing is changed then
   */
  put(resource: Resource): Promise<void>;
  /** Removed from disk when it resolves. */
  remove(resource: Resource): Promise<void>;
}

const fileVersion = 1;
const temporaries = '.new';

/**
 * Reads `dataFolder`/resources, which is created if missing.
 * @throws state-invalid for a file that is not a resource
 */
export async function openResourceStore(dataFolder: string): Promise<ResourceStore> {
  const root = join(dataFolder, 'resources');
  const temporaryFolder = join(root, temporaries);
  try {
    await mkdir(temporaryFolder, { recursive: true, mode: 0o700 });
    await syncFolder(dataFolder);
    await removeStaleTemporaries(dataFolder, temporaryFolder);
  } catch (cause) {
    throw fileError(cause, `open ${root}`);
  }
  const byKey = new Map<string, Resource>();
  const byType = new Map<string, Map<string, Resource>>();
  const folders = new Set<string>();

  const keep = (resource: Resource): void => {
    const key = resourceKey(resource.id);
    const type = resource.type.toLowerCase();
    byKey.set(key, resource);
    const siblings = byType.get(type) ?? new Map<string, Resource>();
    byType.set(type, siblings.set(key, resource));
  };

  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (entry.isSymbolicLink())
      throw new FlowError('state-invalid', `${join(root, entry.name)} is a link; the state is not read through links`, {
        hint: 'Put the folder itself in its place, or remove the link.',
      });
    if (!entry.isDirectory() || entry.name === temporaries) continue;
    folders.add(entry.name);
    for (const name of await readdir(join(root, entry.name)))
      if (name.endsWith('.json')) keep(await readResource(join(root, entry.name, name)));
  }

  return {
    get: (id) => byKey.get(resourceKey(id)),
    ofType: (type) => byType.get(type.toLowerCase())?.values() ?? [],
    types: () => [...byType].filter(([, resources]) => resources.size > 0).map(([type]) => type),
    all: () => byKey.values(),
    get count() {
      return byKey.size;
    },
    async put(resource) {
      const { folder, file } = placeOf(resource);
      const path = join(root, folder, file);
      try {
        if (!folders.has(folder)) {
          await mkdir(join(root, folder), { recursive: true, mode: 0o700 });
          await syncFolder(root);
          folders.add(folder);
        }
        await replaceFile(temporaryPath(temporaryFolder), path, `${JSON.stringify(toFile(resource), null, 2)}\n`);
        await syncFolder(join(root, folder));
      } catch (cause) {
        throw fileError(cause, `write ${path}`);
      }
      keep(resource);
    },
    async remove(resource) {
      const { folder, file } = placeOf(resource);
      const path = join(root, folder, file);
      try {
        await rm(path, { force: true });
        await syncFolder(join(root, folder));
      } catch (cause) {
        throw fileError(cause, `remove ${path}`);
      }
      const key = resourceKey(resource.id);
      byKey.delete(key);
      byType.get(resource.type.toLowerCase())?.delete(key);
    },
  };
}

async function replaceFile(temporary: string, path: string, text: string): Promise<void> {
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await writeAll(handle, new TextEncoder().encode(text), 0);
    await handle.datasync();
  } catch (error) {
    await handle.close();
    await rm(temporary, { force: true });
    throw error;
  }
  await handle.close();
  await rename(temporary, path);
}

function placeOf(resource: Resource): { folder: string; file: string } {
  const plain = resource.name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
  const hash = createHash('sha256').update(resourceKey(resource.id)).digest('hex').slice(0, 32);
  return { folder: resource.type.toLowerCase().replaceAll('/', '.'), file: `${plain}-${hash}.json` };
}

function toFile(resource: Resource): JsonObject {
  const { id, type, name, etag, body, hidden } = resource;
  return { version: fileVersion, id, type, name, etag, body, hidden };
}

async function readResource(path: string): Promise<Resource> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw fileError(cause, `read ${path}`);
  }
  let json: JsonObject;
  try {
    json = objectOf(JSON.parse(text) as JsonObject);
  } catch (cause) {
    throw new FlowError('state-invalid', `${path} is no JSON`, { cause });
  }
  const [id, type, name, etag] = ['id', 'type', 'name', 'etag'].map((key) => textOf(json[key]));
  if (json['version'] !== fileVersion || id === '' || type === '' || name === '')
    throw new FlowError('state-invalid', `${path} is not a resource of version ${fileVersion}`);
  return { id, type, name, etag, body: objectOf(json['body']), hidden: objectOf(json['hidden']) };
}
