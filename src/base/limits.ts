/**
 * Every named maximum, with what happens there. Units stand last in the names.
 */
export const limits = {
  /** Packets in one batch between capture, wire and flow. */
  batchPackets: 256,
  /** Bytes read from a capture at once. */
  captureReadBytes: 1 << 18,
  /** The same for each of several captures that are merged; twice as much is held for each one that is open. */
  captureMergeReadBytes: 1 << 18,
  /** Bytes of the kernel's buffer for a live capture; packets that come while it is full are dropped by the kernel, and counted. */
  captureKernelBufferBytes: 64 << 20,
  /** Captures that overlap in time, open at once; more are refused with `usage`. Any number may follow one another. */
  capturesOpenMax: 256,
  /** A captured packet longer than this is refused as `oversized`; the reader then goes on behind it. libpcap's own bound. */
  packetBytesMax: 262_144 + 65_536,
  /** Interfaces of one pcapng section; packets of further ones are refused as `no-interface`. */
  captureInterfacesMax: 65_536,
  /** Link types that are named of the packets refused as `link-type`; the first ones. */
  linkTypesShownMax: 8,
  /** VLAN tags, LLC and PPPoE headers before the IP header, and MPLS labels; a packet with more of either is refused as `malformed-link`. */
  linkHeadersMax: 16,
  /** Extension headers of one IPv6 packet; one with more is refused as `extensions-too-many`. */
  ipv6ExtensionsMax: 16,
  /** UDP ports named as those of VXLAN; more are refused with `usage`. */
  vxlanPortsMax: 16,
  /** Tunnels inside each other, with `--tunnel inner`; a packet in more is refused as `tunnels-too-deep`. */
  tunnelsMax: 8,
  /** Later fragments that wait for the first one of their packet; beyond, the oldest are refused as `fragment`. */
  fragmentsHeldMax: 4096,
  /** First fragments whose ports are kept for the later ones; beyond, the oldest are forgotten. */
  firstFragmentsMax: 16_384,
  /** IPv4 fragments further apart do not belong to one packet. Source: Linux' ipfrag_time. */
  fragmentsApartMillisMax: 30_000,
  /** The same of IPv6. Source: RFC 8200 section 4.5; Linux' ip6frag_time. */
  ipv6FragmentsApartMillisMax: 60_000,
  /**
   * Packets that are older than the open minute by more set the clock of a recording back; younger ones count in that minute. Captures out of order
   * are so by less, clocks that were set by more.
   */
  clockBackMillisMin: 600_000,
  /** Such packets in a row that set it back; fewer have a wrong time, and count in the open minute. */
  clockBackPacketsMin: 4,
  /** Times that the clock of one recording goes back; beyond, all older packets count in the open minute. */
  clockBacksMax: 1000,
  /** Of a recorder's flow logs, stretches of being on that have ended and are remembered; the oldest are forgotten first. */
  flowLogSpansMax: 10_000,
  /** So long they are remembered: no tuple is older than the longest idle timeout (30 minutes) and `clockBackMillisMin` together. */
  flowLogSpansMillis: 3_600_000,
  /** Networks that are set and not in force yet, one for each minute; with more the oldest never is in force. */
  networksAheadMax: 100,
  /** Rules of one NSG. Source: facts 4.5. */
  rulesPerNsgMax: 1000,
  /** Concurrent flows of one NIC; at the limit the longest idle flows end early and a counter says so. Source: facts 4.5. */
  flowsPerNicMax: 500_000,
  /** Concurrent flows of all NICs together, 430 MB of memory; at the limit the longest idle of all end early and a counter says so. */
  flowsMax: 4_194_304,
  /** Events held between two flushes; at the limit the minute is flushed in parts. */
  eventsMax: 131_072,
  /** Bytes of one flow log blob, unpacked: `ingest` rejects what lies behind them as `too-large`; other commands refuse a larger gzip file. */
  blobBytesMax: 2_000_000_000,
  /** Bytes of a blob that are read and decoded at once; a block that is longer is read whole up to `recordBytesMax`. */
  pieceBytesMax: 16 << 20,
  /** Bytes of one record or block; a longer one is rejected as `too-large`, or read in torn pieces. */
  recordBytesMax: 64 << 20,
  /** Bytes fetched and not yet decoded while blobs are read in parallel; at the limit, fetching waits. */
  fetchedBytesMax: 64 << 20,
  /** Blobs fetched at once: the largest `--parallel`. */
  parallelMax: 64,
  /** Blobs of one source that storage does not answer for, in a row; then the others of that source are not tried any more in this run. */
  sourceFailuresMax: 3,
  /** Looks of a follower that pass at the most before a blob that could not be read is tried again. */
  unreadLooksMax: 64,
  /** Blobs that could not be read of which a run tells each; of more it tells the number. */
  unreadToldMax: 20,
  /** Rejections kept of one blob with its position; the last one then covers the rest. */
  rejectionsPerBlobMax: 100,
  /** Blobs to read that are held in memory; beyond, the plan goes to a temporary file a day. */
  plannedBlobsMax: 50_000,
  /** Blobs listed before their turn, where a selection lists several folders at once; at the limit, the folders that come later wait. */
  listedAheadMax: 20_000,
  /** Rewritten blobs that one commit replaces. */
  replacedBlobsMax: 200,
  /** Entries of one zip archive; a larger one is refused as `flowlog-invalid`. */
  zipEntriesMax: 1_000_000,
  /** Free bytes of the lake's disk below which ingesting stops, and the share of the disk that is enough on a small one. A warning comes at four times as many. */
  diskReserveBytes: 512 << 20,
  diskReserveShare: 0.05,
  /** Blobs whose block lists are kept in memory by one writer; beyond it the list of the longest unused is read again when needed. */
  openBlobsMax: 4096,
  /** Bytes of the block journal of one blob in a folder; a longer one counts as absent: the blob is read without a block list. */
  blockJournalBytesMax: 16 << 20,
  /** Bytes of memory that one question uses, where `--memory` says nothing else; beyond it, DuckDB spills to a private temporary folder. */
  queryMemoryBytesMax: 1 << 30,
  /** Bytes that a user's SQL may spill to the temporary folder; one that needs more ends with `memory`. */
  querySpillBytesMax: 8 * 2 ** 30,
  /** The same for rows on their way into a lake. */
  ingestMemoryBytesMax: 384 << 20,
  /** Rows of one row group of a data file; a file of more rows has more groups. */
  rowGroupRows: 122_880,
  /** Reports of one row of `flows`; of a flow with more, reports that follow each other are joined, as many together as needed. */
  flowReportsMax: 65_536,
  /** Tuples held while they are settled; where more have to wait for later ones of their flows, five-tuples are settled in parts, one after the other. */
  settledTogetherMax: 1_500_000,
  /** Parts of a date, a power of two; where one of so many is still too much, because of one five-tuple, its tuples are held all the same. */
  settledPartsMax: 256,
  /** Tuples that are read before those whose time is over are settled. */
  settledStepTuples: 250_000,
  /** Settled flows that are held; above it, all of the file with the most are written, in row groups that are smaller than others. */
  settledRowsMax: 250_000,
  /** Five-tuples and times that are held of files which late tuples touch; where there are more, the whole date is built. */
  settledSpansMax: 1_000_000,
  /** Settled flows that may grow and have tuples within this time before the newest tuple of their date are in files of their own. */
  settledLateMillis: 10 * 60_000,
  /** And those that ended within this time: logs of several NICs come a minute apart. */
  settledRecentMillis: 60_000,
  /** Tuples of a question's range that are not settled and are built for it without a notice; of more it says so on stderr. */
  uncoveredTuplesMax: 500_000,
  /** Bytes of flows that are built for a question and go with it to a ClickHouse server; about three million tuples. */
  sentFlowsBytesMax: 32 * 2 ** 20,
  /** Tuples that wait to be settled while logs are followed, and how long they wait at the most. */
  unsettledTuplesMin: 100_000,
  unsettledMillisMax: 10 * 60_000,
  /** Rows of a data file of `flows` behind which the next one begins, where the group of flows ends: late tuples rewrite whole files. */
  flowsFileRowsMax: 500_000,
  /** Rows of one data file that compaction makes; a day of more has several. */
  dataFileRowsMax: 4_000_000,
  /** Files of an hour from which on it is compacted, and files read by one compaction. */
  compactFilesMin: 4,
  compactFilesMax: 500,
  /** Files that come after the last one of an hour or day settle it, whatever the clock says: it is then compacted. */
  compactLaterFiles: 8,
  /** Rows held in memory on their way into data files, of all dates; beyond, the date with the most rows is written out. */
  stagedRowsMax: 500_000,
  /** Distinct addresses, groups or records that rows on their way name; beyond, all rows are written out and these are forgotten. */
  stagedTableEntriesMax: 1_000_000,
  /** How long a command waits for another one that moves the table of tuples of the same lake; then it ends with `unavailable`. */
  lakeMoveWaitMillisMax: 60_000,
  /** How often a question begins anew because files of the lake were moved under it; then its error is told. */
  movedAttemptsMax: 5,
  /** Attempts of one commit to the lake that lose the race for a version; then the commit fails. */
  commitAttemptsMax: 1000,
  /** Levels of nested JSON in a network file, and of calls, references and nested values in a template; a deeper one is refused. */
  jsonDepthMax: 200,
  templateDepthMax: 600,
  /** Characters of one template expression. Source: Azure Resource Manager limits. */
  templateExpressionCharsMax: 24_576,
  /** Copies of one `copy` loop. Source: Azure Resource Manager limits. */
  templateCopiesMax: 800,
  /** Elements of an array, or characters of a text, that an expression makes. */
  templateValueMax: 1_048_576,
  /**
   * Characters of one value written as JSON, a part that several places share counted at each of them; a larger one is refused.
   * Source: Azure Resource Manager's 4 MB of a template with all its values.
   */
  templateValueCharsMax: 4 << 20,
  /** Steps of evaluating a template, and of all its evaluations for one deployment; one that takes more is refused as too large. */
  templateStepsMax: 1_000_000,
  deploymentStepsMax: 10_000_000,
  /** Characters of all resources and outputs of one deployment, written as JSON; a deployment with more is refused with `InvalidTemplate`. */
  deploymentCharsMax: 16 << 20,
  /** Resources of one deployment, nested deployments included; more are refused with `InvalidTemplate`. Source: Azure Resource Manager's 800 of a template. */
  deploymentResourcesMax: 800,
  /** Threads that evaluate templates for deployments; further deployments wait. */
  deploymentThreadsMax: 2,
  /** Megabytes of memory of one such thread; a template that needs more is refused with `InvalidTemplate`. */
  deploymentMemoryMegabytesMax: 512,
  /** Flushes that a second thread has to make blocks of, each up to `eventsMax` events of 92 bytes; at the limit, reading waits. */
  flushesUnderWayMax: 2,
  /** Bytes of blocks of a capture file that are held back, so that a blob grows by several minutes in one commit. */
  deliveryHeldBackBytesMax: 4 << 20,
  /** Bytes of blocks that wait for storage while a capture is recorded; at the limit, reading waits. */
  deliveryBytesMax: 32 << 20,
  /**
   * Bytes of the spool that keeps flushes while storage is away, unless --spool-bytes says otherwise; beyond it, a live recording drops the newest
   * flushes and counts them, and a capture file is not read further.
   */
  spoolBytesMax: 1 << 30,
  /** Blobs that the status of a recorder names as lacking blocks; of further ones only the number of blocks is told. */
  droppedBlobsMax: 1000,
  /** Files that one run sets aside because storage will never take them; further ones are counted, and stay in the spool. */
  spoolRefusedMax: 10_000,
  /** Objects and arrays inside each other in a flow log, of which real ones have ten; a deeper one is rejected as `nested-too-deep`. */
  flowLogDepthMax: 64,
  /** Rejected byte ranges kept of one flow log input; beyond, the last range is stretched over the rest. */
  rejectionsMax: 10_000,
  /** Characters of a filter expression, and levels of brackets in it; a longer or deeper one is refused with `filter-syntax`. */
  filterCharsMax: 1 << 20,
  filterDepthMax: 100,
  /** Characters of a flow log's `enabledFilteringCriteria`; a longer text is refused with `filter-syntax`. Source: facts 3.5. */
  filteringCriteriaCharsMax: 1000,
  /** Addresses, blocks and ranges of one `find`; more are refused with `usage`. */
  findAddressesMax: 10_000,
  /** The tuple before a tuple of the same flow comes so long before it at the most: the longest idle time-out of 30 minutes, and a tick of 5. */
  tupleBeforeMillisMax: 35 * 60_000,
  /** Buckets of a series; a question for more is refused with `usage`, and counters are spread over so many at the most. */
  seriesBucketsMax: 20_000,
  /** Bytes of a request to the control plane, and characters of its path; a longer one is answered 413 or 400. Source: ARM's 4 MB. */
  armRequestBytesMax: 4 << 20,
  armPathCharsMax: 4096,
  /** Resources of the control plane; one more is refused as `ResourceLimitReached`. */
  armResourcesMax: 20_000,
  /** Bytes of an answer that a command takes from a control plane; a longer one ends it as `unavailable`. */
  armAnswerBytesMax: 64 << 20,
  /** Characters of the `$filter` of a list; a longer one is refused. */
  armFilterCharsMax: 4096,
  /** Operations that are remembered for polling; beyond, the oldest are forgotten. */
  armOperationsMax: 4096,
  /** Bytes of the body of one HTTP request; a larger one is refused with 413. Source: Azure Resource Manager limits. */
  httpBodyBytesMax: 4 << 20,
  /** Characters of one HTTP path; a longer one is refused with 414. */
  httpPathCharsMax: 8192,
  /**
   * HTTP connections open at once, of all clients and of one address (of an IPv6 network of 64 bits). At the limit, the one that has waited longest
   * for a whole request is closed; where none waits, the new one.
   */
  httpConnectionsMax: 1024,
  httpConnectionsPerAddressMax: 256,
  /** TLS, and then the headers of a request, may take so long; the connection is then ended, headers with 408. */
  httpHandshakeMillisMax: 10_000,
  httpHeadersMillisMax: 10_000,
  /** A whole request may take so long to arrive; then it is ended with 408. */
  httpRequestMillisMax: 60_000,
} as const;
