/**
 * The table of errors. Each failure that a user can see has a code here. The exit code, the HTTP status and the hint
 * follow from the code and are written only here. `docs/reference/errors.md` is generated from this table.
 */
export const errorTable = {
  usage: { exit: 2, status: 400, meaning: 'The command line or request is not understood.', hint: 'See --help.' },
  'filter-syntax': {
    exit: 2,
    status: 400,
    meaning: 'A filter expression cannot be read.',
    hint: 'See docs/reference/filter.md for fields and operators.',
  },
  'relation-invalid': {
    exit: 2,
    status: 400,
    meaning:
      'The tree of a question names an unknown table, column or function, or compares values of different types.',
    hint: 'Correct the named part of the tree.',
  },
  'sql-refused': {
    exit: 2,
    status: 400,
    meaning: 'The SQL text is not a single SELECT statement over the views of the lake.',
    hint: 'Write one SELECT statement over the views tuples, flows and conversations.',
  },
  'sql-failed': {
    exit: 2,
    status: 400,
    meaning: 'The query engine could not run the SQL text.',
    hint: 'The views are tuples, flows and conversations. Show the columns of a view: nsgflow query --lake DIR --sql "describe flows".',
  },
  'kql-invalid': {
    exit: 2,
    status: 400,
    meaning: 'The KQL text has an error: of its syntax, a name, a type or a value.',
    hint: 'Correct the named place of the query.',
  },
  'kql-unsupported': {
    exit: 2,
    status: 400,
    meaning: 'The KQL text uses an operator or a function that nsgflow does not support, or not in this form.',
    hint: 'docs/reference/kql.md lists what is supported.',
  },
  'network-invalid': {
    exit: 2,
    status: 400,
    meaning: 'A network file (NSGs, VNets, NICs) breaks a rule of Azure or cannot be resolved.',
    hint: 'Correct the named resource. `nsgflow nsg show --network FILE` checks the file.',
  },
  'network-without-nics': {
    exit: 2,
    status: 400,
    meaning: 'A network file has NSGs but no NIC, so packets cannot be assigned to a NIC.',
    hint: 'Export the network interfaces too (az network nic list), or record without --network.',
  },
  'rules-too-large': {
    exit: 6,
    status: 422,
    meaning: 'Rules are too many, or too unlike each other, to be compared exactly.',
    hint: 'Compare one NSG or NIC at a time (--nsg, --nic), or one direction (--direction).',
  },
  'names-invalid': {
    exit: 2,
    status: 400,
    meaning: 'A file of names for addresses (countries, service tags, an inventory, a list) cannot be read.',
    hint: 'Correct the named file. See docs/tasks/names.md for the formats.',
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
    meaning: 'Live capture needs tcpdump or dumpcap, and neither is installed.',
    hint: 'Install tcpdump: apt install tcpdump, dnf install tcpdump or apk add tcpdump.',
  },
  authentication: {
    exit: 4,
    status: 401,
    meaning: 'Storage refused the credentials.',
    hint: 'Check AZURE_STORAGE_CONNECTION_STRING or the SAS in the URL: the key may be rotated, expired, or for another account.',
  },
  permission: {
    exit: 4,
    status: 403,
    meaning: 'The operating system or storage denied the operation.',
    hint: 'Check file permissions, or the role or SAS permissions on the container.',
  },
  'blob-unreadable': {
    exit: 4,
    status: 409,
    meaning:
      'Storage does not return the content of a blob: it is archived, or encrypted with a customer-provided key.',
    hint: 'The other blobs are read. This blob is read again when it changes.',
  },
  unavailable: {
    exit: 5,
    status: 503,
    meaning: 'A source or destination cannot be reached.',
    hint: 'Check the URL and the network, then run again. Committed data is kept and is not written twice.',
  },
  timeout: {
    exit: 5,
    status: 504,
    meaning: 'A question exceeded its time limit.',
    hint: 'Shorten the time range (--from, --to), add a filter, or raise --timeout.',
  },
  'disk-full': {
    exit: 5,
    status: 507,
    meaning: 'A disk is full.',
    hint: 'Free disk space, then run again. Committed data is kept and is not written twice.',
  },
  memory: {
    exit: 5,
    status: 507,
    meaning: 'A question exceeded its memory limit.',
    hint: 'Shorten the time range (--from, --to), add a filter or --limit, group by fewer fields, or raise the limit: --memory 4GiB.',
  },
  io: { exit: 5, status: 500, meaning: 'Reading or writing a file failed.', hint: 'Check the disk and the path.' },
  'capture-invalid': {
    exit: 6,
    status: 422,
    meaning: 'An input is not a packet capture.',
    hint: 'nsgflow reads pcap and pcapng files, uncompressed or gzip.',
  },
  'flowlog-invalid': {
    exit: 6,
    status: 422,
    meaning: 'An input is not a flow log.',
    hint: 'nsgflow reads NSG flow logs version 1 and 2 and VNet flow logs.',
  },
  'rejected-too-many': {
    exit: 6,
    status: 422,
    meaning: 'More byte ranges of the input were rejected than allowed.',
    hint: 'Check the rejections, or raise --max-rejected.',
  },
  'lake-invalid': {
    exit: 6,
    status: 422,
    meaning: 'A lake cannot be read: its Delta log is damaged or of an unsupported format.',
    hint: 'Name the folder that contains the tables tuples and flows.',
  },
  'state-invalid': {
    exit: 6,
    status: 500,
    meaning: 'A state file of `nsgflow serve` cannot be read.',
    hint: 'Repair the named file, or move it away; its resource is then removed.',
  },
  'blob-conflict': {
    exit: 5,
    status: 412,
    meaning: 'Another program changed the blob during the write.',
    hint: 'Run again. Committed blocks are kept and are not written twice.',
  },
  incomplete: { exit: 7, status: 206, meaning: 'Data is missing.', hint: 'Ingest the missing blobs.' },
  bug: { exit: 8, status: 500, meaning: 'A bug in nsgflow.', hint: 'Please report it with the output of --debug.' },
  interrupted: { exit: 130, status: 499, meaning: 'Stopped by the user.', hint: 'Run again to continue.' },
} as const satisfies Record<string, { exit: number; status: number; meaning: string; hint: string }>;

export type ErrorCode = keyof typeof errorTable;

/**
 * A failed operation, as a sentence for the user: what happened and where. The hint comes from the table unless the
 * `hint` option replaces it. The lower error is the `cause`.
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

  /** Exit code of the process, 2 to 130. See the table. */
  get exitCode(): number {
    return errorTable[this.code].exit;
  }
}

/**
 * Wraps an error of the file system. Missing files, missing permission and a full disk get their own codes.
 * @param doing for example "read x" or "write y"
 */
export function fileError(cause: unknown, doing: string): FlowError {
  if (cause instanceof FlowError) return cause;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOENT') return new FlowError('not-found', `cannot ${doing}: no such file or folder`, { cause });
  if (code === 'EISDIR') return new FlowError('not-found', `cannot ${doing}: it is a folder, not a file`, { cause });
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
