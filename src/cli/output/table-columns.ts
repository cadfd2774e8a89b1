/** What a table gives up when the terminal is too narrow. */

/** Columns that are left out, the first one first. All others stay, and their cells wrap. */
export const leftOutFirst: readonly string[] = [
  // Of blobs: what their other columns say.
  'blob',
  'resource_id',
  'container',
  'age_days',
  'mac',
  'resource',
  'format',
  'state',
  'nsg',
  // Of rules.
  'kind',
  'source_ports',
  // Of conversations and tuples.
  'continued',
  'observers',
  'encryption',
  'tuples',
  'last_time',
  'direction',
  'protocol',
  // Of `ingest status` and `ingest gaps`.
  'nics',
  'blobs',
  'nic',
];

/** Cells that wrap after those of all other columns: rules and ports, then addresses. */
const wrapLate: ReadonlySet<string> = new Set(['rule', 'name', 'source_ports', 'destination_ports', 'reason']);
const wrapLast: ReadonlySet<string> = new Set(['source', 'destination', 'address', 'ip', 'src_ip', 'dst_ip']);

/** Widths below which the cells of a column are not wrapped, if that is enough. An IPv4 address fits into the widest. */
const wrapWidths = [10, 14, 15] as const;
/** The last resort. */
const wrapWidthMin = 6;

/** How far columns give way in turn, from the first that wrap to the last. The last step is of use only if it is enough. */
export function wrapSteps(columns: readonly { readonly name: string; readonly kind: string }[]): {
  readonly columns: readonly number[];
  readonly min: number;
  /** Whether columns stay as wide as their short addresses. */
  readonly keepsAddresses: boolean;
  readonly isLast: boolean;
}[] {
  const wrapping = columns.flatMap(({ kind }, i) => (kind === 'text' || kind === 'object' ? [i] : []));
  const rank = (i: number): number => (wrapLast.has(columns[i].name) ? 2 : wrapLate.has(columns[i].name) ? 1 : 0);
  return [
    ...wrapWidths.map((min, turn) => ({
      columns: wrapping.filter((i) => rank(i) === turn),
      min,
      keepsAddresses: true,
      isLast: false,
    })),
    { columns: wrapping, min: wrapWidths[0], keepsAddresses: false, isLast: false },
    { columns: wrapping, min: wrapWidthMin, keepsAddresses: false, isLast: true },
  ];
}
