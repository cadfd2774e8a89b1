import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { compareNames } from './name.ts';

/** Nested folders; deeper ones are skipped. Blob names have at most 1,024 characters. */
const depthMax = 512;

/** nsgflow's own files next to the containers of an account; they are not blobs. */
export const stateFolder = '.nsgflow';

/** A file below a folder: its relative path with `/`, and its metadata. */
export interface TreeFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeNanos: bigint;
  /** 0 if the file system does not report it. */
  readonly birthNanos: bigint;
}

/** Called for each path below the root that cannot be read. */
export type Unlisted = (path: string, error: unknown) => void;

/**
 * The files below `root` whose relative path begins with `prefix`, in order of paths (code points). Folders that cannot
 * contain any, and `.nsgflow`, are not opened. Links to files count as files; links to folders are not followed. Files
 * that disappear during the walk are skipped. Unreadable folders and broken links are reported to `unlisted`.
 * @throws errors of the file system; ENOENT if `root` is missing
 */
export async function* walkTree(root: string, prefix = '', unlisted?: Unlisted): AsyncGenerator<TreeFile> {
  const tree = { root, prefix, unlisted };
  const nodes = await readNodes({ ...tree, prefix: '' }, '', 0);
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (folder === '')
    yield* walkNodes(
      tree,
      nodes.filter((node) => leads(node, prefix)),
    );
  else if (!climbs(folder)) yield* walkNodes(tree, await readNodes(tree, folder, folder.split('/').length - 1));
}

/**
 * The files directly in the folder `prefix` (empty, or ending with `/`), and its folders as paths with a trailing `/`,
 * in order of paths.
 * @throws errors of the file system; ENOENT if `root` is missing
 */
export async function* childrenOf(
  root: string,
  prefix: string,
  unlisted?: Unlisted,
): AsyncGenerator<TreeFile | string> {
  if (climbs(prefix)) return;
  const tree = { root, prefix, unlisted };
  for (const node of await readNodes(tree, prefix, prefix === '' ? 0 : 1)) {
    if (node.isFolder) yield `${node.path}/`;
    else {
      const found = await lookAt(tree, node);
      if (!Array.isArray(found)) yield found;
    }
  }
}

/** Whether a path leads out of its root. */
function climbs(path: string): boolean {
  return path.split('/').includes('..');
}

function leads({ path, isFolder }: Node, prefix: string): boolean {
  return isFolder ? `${path}/`.startsWith(prefix) || prefix.startsWith(`${path}/`) : path.startsWith(prefix);
}

/** Nodes that are read ahead. */
const lookAhead = 16;

/** The parameters of a walk. */
interface Tree {
  readonly root: string;
  readonly prefix: string;
  readonly unlisted: Unlisted | undefined;
}

interface Node {
  readonly path: string;
  readonly isFolder: boolean;
  readonly isLink: boolean;
  readonly depth: number;
}

async function* walkNodes(tree: Tree, nodes: readonly Node[]): AsyncGenerator<TreeFile> {
  const looks: Promise<TreeFile | Node[]>[] = [];
  let begun = 0;
  for (let done = 0; done < nodes.length; done++) {
    for (; begun < Math.min(nodes.length, done + lookAhead); begun++) {
      const look = lookAt(tree, nodes[begun]);
      // Awaited in its turn; if the walk ends before, the failure is ignored.
      look.catch(() => undefined);
      looks.push(look);
    }
    const found = await looks.shift();
    if (Array.isArray(found)) yield* walkNodes(tree, found);
    else if (found !== undefined) yield found;
  }
}

/**
 * The file, or the entries of the folder. A folder with a single entry, as in an hour's path, is followed down to the
 * first one with more.
 */
async function lookAt(tree: Tree, node: Node): Promise<TreeFile | Node[]> {
  let at = node;
  while (at.isFolder) {
    const nodes = await readNodes(tree, `${at.path}/`, at.depth + 1);
    if (nodes.length !== 1) return nodes;
    at = nodes[0];
  }
  let stats;
  try {
    stats = await stat(join(tree.root, at.path), { bigint: true });
  } catch (error) {
    // A missing file was removed during the walk; a broken link stays.
    if (at.isLink || !isGone(error)) tree.unlisted?.(at.path, error);
    else if (isMisread(at.path)) tree.unlisted?.(at.path, misread(at.path));
  }
  if (stats?.isFile() !== true) return [];
  return { name: at.path, sizeBytes: Number(stats.size), mtimeNanos: stats.mtimeNs, birthNanos: stats.birthtimeNs };
}

/**
 * The entries of `folder` (with a trailing `/`, or empty for the root) that can lead to names with the prefix, in order
 * of the paths below them: a folder is sorted as its name with `/`.
 */
async function readNodes({ root, prefix, unlisted }: Tree, folder: string, depth: number): Promise<Node[]> {
  if (depth > depthMax) return [];
  let entries;
  try {
    entries = await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (depth > 0 && isGone(error)) {
      if (isMisread(folder)) unlisted?.(folder, misread(folder));
      return [];
    }
    if (depth === 0 || unlisted === undefined) throw error;
    unlisted(folder, error);
    return [];
  }
  const nodes: Node[] = [];
  for (const entry of entries) {
    const isFolder = entry.isDirectory();
    if (!isFolder && !entry.isFile() && !entry.isSymbolicLink()) continue;
    const path = folder + entry.name;
    const node = { path, isFolder, isLink: entry.isSymbolicLink(), depth };
    if (leads(node, prefix) && entry.name !== stateFolder) nodes.push(node);
  }
  if (nodes.length < 2) return nodes;
  return nodes.sort((a, b) => compareNames(a.isFolder ? `${a.path}/` : a.path, b.isFolder ? `${b.path}/` : b.path));
}

/**
 * Whether a name may differ from the one on disk: bytes that are not UTF-8 are read as U+FFFD, and the name then leads
 * nowhere.
 */
function isMisread(path: string): boolean {
  return path.includes('\uFFFD');
}

function misread(path: string): FlowError {
  return new FlowError('usage', `the name ${JSON.stringify(path)} is not UTF-8 on the disk`, {
    hint: 'Rename the file or folder.',
  });
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}
