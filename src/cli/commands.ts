import type { Command } from 'commander';

/** A command's file: `define` gives it its arguments, options and action. Loaded only when the command is called. */
export interface CommandModule {
  define(command: Command): void;
}

export interface CommandEntry {
  /** As typed: `record`, or `nsg show` within a group. */
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/** What groups of commands are about, by their first word. */
export const groups: Readonly<Record<string, string>> = {
  blob: 'look into the blobs of flow logs',
  enrich: 'names for addresses: service tags, and what is known of an address',
  'enrich tags': 'snapshots of service tags that a lake keeps',
  config: 'settings of all commands in nsgflow.yaml',
  'flow-log': 'switch flow logs on and off, and see what is logged',
  lake: 'look after the lake: sizes, small files, old rows',
  nsg: 'look at network security groups',
  rules: 'what the rules of network security groups decided',
};

/** Loaded together: an installation then has fewer files. */
const flowLog = () => import('./commands/flow-log.ts');
const blob = () => import('./commands/blob.ts');
const config = () => import('./commands/config.ts');
const ingestReports = () => import('./commands/ingest-reports.ts');
const lake = () => import('./commands/lake.ts');
const rules = () => import('./commands/rules.ts');
const enrich = () => import('./commands/enrich.ts');
const service = () => import('./commands/service.ts');

/** The commands, in the order of help. */
export const commands: readonly CommandEntry[] = [
  { name: 'record', summary: 'packets → flow logs in storage', load: () => import('./commands/record.ts') },
  { name: 'ingest', summary: 'flow logs → the lake', load: () => import('./commands/ingest.ts') },
  { name: 'ingest status', summary: 'how far the lake is', load: async () => (await ingestReports()).status },
  { name: 'ingest gaps', summary: 'which minutes are missing', load: async () => (await ingestReports()).gaps },
  {
    name: 'ingest rejects',
    summary: 'what of the blobs could not be read',
    load: async () => (await ingestReports()).rejects,
  },
  { name: 'flows', summary: 'conversations or tuples', load: () => import('./commands/flows.ts') },
  { name: 'top', summary: 'the largest groups by any dimension', load: () => import('./commands/top.ts') },
  { name: 'series', summary: 'bytes, packets or flows over time', load: () => import('./commands/series.ts') },
  { name: 'changes', summary: 'what is new, gone, up or down', load: () => import('./commands/changes.ts') },
  { name: 'matrix', summary: 'who talks to whom', load: () => import('./commands/matrix.ts') },
  { name: 'count', summary: 'how many tuples and conversations', load: () => import('./commands/count.ts') },
  { name: 'tail', summary: 'the newest tuples, and more as they come', load: () => import('./commands/tail.ts') },
  { name: 'find', summary: 'when addresses were seen', load: () => import('./commands/find.ts') },
  {
    name: 'timeline',
    summary: 'conversations of two hosts, or tuples of one conversation',
    load: () => import('./commands/timeline.ts'),
  },
  { name: 'query', summary: 'your own question in KQL or SQL', load: () => import('./commands/query.ts') },
  { name: 'nsg show', summary: 'NSGs and their effective rules', load: () => import('./commands/nsg-show.ts') },
  { name: 'nsg eval', summary: 'which rule decides a packet, and why', load: () => import('./commands/nsg-eval.ts') },
  {
    name: 'rules list',
    summary: 'hits, bytes and last hit of every rule',
    load: async () => (await rules()).list,
  },
  {
    name: 'rules lint',
    summary: 'rules that decide nothing, and why',
    load: async () => (await rules()).lint,
  },
  {
    name: 'whatif',
    summary: 'what a change of rules would open and close',
    load: async () => (await rules()).whatif,
  },
  {
    name: 'serve',
    summary: 'control plane, recorder and ingester in one process',
    load: async () => (await service()).serve,
  },
  { name: 'console', summary: 'the web console over a lake', load: async () => (await service()).console },
  {
    name: 'flow-log create',
    summary: 'log an NSG, VNet, subnet or NIC',
    load: async () => (await flowLog()).create,
  },
  { name: 'flow-log update', summary: 'change a flow log', load: async () => (await flowLog()).update },
  { name: 'flow-log show', summary: 'one flow log', load: async () => (await flowLog()).show },
  {
    name: 'flow-log list',
    summary: 'the flow logs of a region, or all',
    load: async () => (await flowLog()).list,
  },
  {
    name: 'flow-log delete',
    summary: 'remove a flow log; its blobs stay',
    load: async () => (await flowLog()).remove,
  },
  {
    name: 'flow-log coverage',
    summary: 'what is logged, what is not, and what twice',
    load: async () => (await flowLog()).coverage,
  },
  {
    name: 'flow-log migrate',
    summary: 'NSG flow logs → VNet flow logs',
    load: async () => (await flowLog()).migrate,
  },
  {
    name: 'doctor',
    summary: 'why a flow log has no blobs, or a flow is in none',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'lake stats',
    summary: 'size of the lake by date and column',
    load: async () => (await lake()).stats,
  },
  { name: 'lake settle', summary: 'build flows from new tuples', load: async () => (await lake()).settle },
  { name: 'lake compact', summary: 'join its small files', load: async () => (await lake()).compact },
  { name: 'lake vacuum', summary: 'delete files that nobody needs', load: async () => (await lake()).vacuum },
  { name: 'lake retain', summary: 'remove old rows', load: async () => (await lake()).retain },
  {
    name: 'enrich lookup',
    summary: 'all that names say of an address',
    load: async () => (await enrich()).lookup,
  },
  {
    name: 'enrich tags update',
    summary: 'keep a ServiceTags file as a dated snapshot',
    load: async () => (await enrich()).tagsUpdate,
  },
  {
    name: 'enrich tags diff',
    summary: 'which prefixes two lists of service tags add and remove',
    load: async () => (await enrich()).tagsDiff,
  },
  {
    name: 'enrich tags lookup',
    summary: 'service tags of addresses, with their prefixes',
    load: async () => (await enrich()).tagsLookup,
  },
  { name: 'convert', summary: 'any flow log format to any other', load: () => import('./commands/convert.ts') },
  { name: 'retain', summary: 'delete blobs past their retention', load: () => import('./commands/retain.ts') },
  { name: 'blob list', summary: 'hourly blobs of a flow log', load: async () => (await blob()).list },
  { name: 'blob blocks', summary: 'the block list of a blob', load: async () => (await blob()).blocks },
  {
    name: 'blob show',
    summary: 'records of a blob, or of its newest blocks',
    load: async () => (await blob()).show,
  },
  {
    name: 'config show',
    summary: 'settings of nsgflow.yaml, and where values come from',
    load: async () => (await config()).show,
  },
  { name: 'config check', summary: 'errors in nsgflow.yaml', load: async () => (await config()).check },
  { name: 'completion', summary: 'completion for bash, zsh or fish', load: () => import('./commands/completion.ts') },
];
