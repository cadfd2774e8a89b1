/**
 * The one table of errors. Every failure that a person can meet has a code here; the exit code, the HTTP status and
 * what to do next follow from the code and are written nowhere else. `docs/errors.md` is generated from it.
 */
export const errorTable = {
  usage: { exit: 2, status: 400, meaning: 'The command line or request is not understood.', hint: 'See --help.' },
  'filter-syntax': {
    exit: 2,
    status: 400,
    meaning: 'A filter expression cannot be read.',
    hint: 'See docs/filter.md for fields and operators.',
  },
  'relation-invalid': {
    exit: 2,
    status: 400,
    meaning: 'The tree of a question names what does not exist, or compares values of different types.',
    hint: 'Mend the named part of the tree.',
  },
  'sql-refused': {
    exit: 2,
    status: 400,
    meaning: 'An SQL text is not one single SELECT over the views of the lake.',
    hint: 'Write one SELECT statement over the views tuples, flows and conversations.',
  },
  'sql-failed': {
    exit: 2,
    status: 400,
    meaning: 'The engine could not run an SQL text.',
    hint: 'Columns of a view: nsgflow query --lake DIR --sql "describe flows".',
  },
  'network-invalid': {
    exit: 2,
    status: 400,
    meaning: 'A network file (NSGs, VNets, NICs) breaks a rule of Azure or cannot be resolved.',
    hint: 'Mend the named resource; `nsgflow nsg show --network FILE` checks the file.',
  },
  'network-without-nics': {
    exit: 2,
    status: 400,
    meaning: 'A network file holds NSGs but no NIC, so no packet can be assigned to one.',
    hint: 'Export the network interfaces too (az network nic list), or record without --network.',
  },
  'not-found': {
    exit: 3,
    status: 404,
    meaning: 'A file, folder, lake, NIC or NSG does not exist.',
    hint: 'Check the name.',
  },
  'capture-tool-missing': {
    exit: 3,
    status: 424,
    meaning: 'Neither of the programs that capture packets live is installed.',
    hint: 'Install tcpdump: apt install tcpdump, dnf install tcpdump or apk add tcpdump.',
  },
  authentication: {
    exit: 4,
    status: 401,
    meaning: 'Storage refused the credentials.',
    hint: 'Check AZURE_STORAGE_CONNECTION_STRING or the SAS in the URL: key rotated, expired, or of another account.',
  },
  permission: {
    exit: 4,
    status: 403,
    meaning: 'The system or storage does not permit the operation.',
    hint: 'Check file permissions, or the role or SAS permissions on the container.',
  },
  'blob-unreadable': {
    exit: 4,
    status: 409,
    meaning:
      'Storage has a blob and does not give its bytes: it is archived, or encrypted with a key that only its writer has.',
    hint: 'Read the other blobs; this one is tried again when it changes.',
  },
  unavailable: {
    exit: 5,
    status: 503,
    meaning: 'A source or destination cannot be reached.',
    hint: 'Check the URL and the network; run again: what was written is kept and nothing comes twice.',
  },
  timeout: {
    exit: 5,
    status: 504,
    meaning: 'A question took longer than it may.',
    hint: 'Ask for less: a shorter time (--from, --to), a filter; or raise --timeout.',
  },
  'disk-full': {
    exit: 5,
    status: 507,
    meaning: 'A disk is full.',
    hint: 'Free space and run again: what was committed is kept and nothing comes twice.',
  },
  memory: {
    exit: 5,
    status: 507,
    meaning: 'A question needs more memory than it may use.',
    hint: 'Ask for less: a shorter time (--from, --to), a filter, fewer fields to group by, or --limit; or give it more: --memory 4GiB.',
  },
  io: { exit: 5, status: 500, meaning: 'Reading or writing a file failed.', hint: 'Check the disk and the path.' },
  'capture-invalid': {
    exit: 6,
    status: 422,
    meaning: 'An input is no capture at all.',
    hint: 'nsgflow reads pcap and pcapng, plain or gzip.',
  },
  'flowlog-invalid': {
    exit: 6,
    status: 422,
    meaning: 'An input holds no flow log.',
    hint: 'nsgflow reads NSG flow logs version 1 and 2 and VNet flow logs.',
  },
  'rejected-too-many': {
    exit: 6,
    status: 422,
    meaning: 'More byte ranges of the input were rejected than permitted.',
    hint: 'Look at the rejections, or raise --max-rejected.',
  },
  'lake-invalid': {
    exit: 6,
    status: 422,
    meaning: 'A lake cannot be read: its log is torn, or not of a form that nsgflow knows.',
    hint: 'Name the folder that holds tuples and flows.',
  },
  'state-invalid': {
    exit: 6,
    status: 500,
    meaning: 'A file of the state of `nsgflow serve` cannot be read.',
    hint: 'Mend the named file, or move it away: its resource is then gone.',
  },
  'blob-conflict': {
    exit: 5,
    status: 412,
    meaning: 'A blob was changed by somebody else while it was written.',
    hint: 'Run again: committed blocks are kept and nothing comes twice.',
  },
  incomplete: { exit: 7, status: 206, meaning: 'Data is missing.', hint: 'Ingest the missing blobs.' },
  bug: { exit: 8, status: 500, meaning: 'A fault in nsgflow.', hint: 'Please report it, with --debug output.' },
  interrupted: { exit: 130, status: 499, meaning: 'Stopped by the user.', hint: 'Run again to go on.' },
} as const satisfies Record<string, { exit: number; status: number; meaning: string; hint: string }>;

export type ErrorCode = keyof typeof errorTable;

/**
 * A failed operation, for a person: what happened and where, in one sentence; what to do next comes from the table
 * unless `hint` says it better. The lower error is the `cause`.
 */
export class FlowError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FlowError';
    this.code = code;
    this.hint = options.hint ?? errorTable[code].hint;
  }

  /** Exit code of the process, 2 to 130; see the table. */
  get exitCode(): number {
    return errorTable[this.code].exit;
  }
}

/** Wraps an error of the file system, telling missing, forbidden and full from the rest. `doing` is "read x", "write y". */
export function fileError(cause: unknown, doing: string): FlowError {
  if (cause instanceof FlowError) return cause;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOENT') return new FlowError('not-found', `cannot ${doing}: no such file or folder`, { cause });
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return new FlowError('not-found', `cannot ${doing}: a part of the path is not a folder`, { cause });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new FlowError('permission', `cannot ${doing}: permission denied`, { cause });
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new FlowError('disk-full', `cannot ${doing}: no space left on the disk`, { cause });
  if (code === 'ENAMETOOLONG')
    return new FlowError('usage', `cannot ${doing}: a part of the name is longer than the file system takes`, {
      cause,
    });
  return new FlowError('io', `cannot ${doing}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}
