/**
 * All named maximums, and what happens at each one. Names end in the unit. `docs/reference/limits.md` is generated from
 * this file: comments of one line are its headings.
 */
export const limits = {
  // Packets and captures

  /** Packets in one batch between capture, wire and flow. */
  batchPackets: 256,
  /** Bytes per read from a capture. */
  captureReadBytes: 1 << 18,
  /** Bytes per read when several captures are merged. Each open capture holds twice this. */
  captureMergeReadBytes: 1 << 18,
  /** Bytes of the kernel's buffer for a live capture. While it is full, the kernel drops packets and counts them. */
  captureKernelBufferBytes: 64 << 20,
  /** Open captures that overlap in time; more are refused with `usage`. There is no limit for captures in sequence. */
  capturesOpenMax: 256,
  /** A longer captured packet is refused as `oversized`, and reading continues after it. The limit is libpcap's. */
  packetBytesMax: 262_144 + 65_536,
  /** Interfaces of one pcapng section; packets of later interfaces are refused as `no-interface`. */
  captureInterfacesMax: 65_536,
  /** Link types listed for packets that are refused as `link-type`; only the first ones are listed. */
  linkTypesShownMax: 8,
  /**
   * VLAN tags, LLC and PPPoE headers before the IP header, and MPLS labels. With more, the packet is refused as
   * `malformed-link`.
   */
  linkHeadersMax: 16,
  /** Extension headers of one IPv6 packet. With more, the packet is refused as `extensions-too-many`. */
  ipv6ExtensionsMax: 16,
  /** UDP ports treated as VXLAN; more are refused with `usage`. */
  vxlanPortsMax: 16,
  /** Nested tunnels with `--tunnel inner`; a packet with more is refused as `tunnels-too-deep`. */
  tunnelsMax: 8,
  /**
   * Later fragments that wait for the first fragment of their packet; above it, the oldest are refused as `fragment`.
   */
  fragmentsHeldMax: 4096,
  /** First fragments whose ports are kept for later fragments; above it, the oldest are forgotten. */
  firstFragmentsMax: 16_384,
  /** IPv4 fragments that are further apart belong to different packets. Source: Linux ipfrag_time. */
  fragmentsApartMillisMax: 30_000,
  /** The same for IPv6. Source: RFC 8200 section 4.5; Linux ip6frag_time. */
  ipv6FragmentsApartMillisMax: 60_000,
  // Recording

  /**
   * Packets that are older than the open minute by more than this can set the clock of a recording back. Less old
   * packets count in the open minute: they are captures out of order, not a changed clock.
   */
  clockBackMillisMin: 600_000,
  /** So many of these packets in a row set the clock back. Fewer count in the open minute. */
  clockBackPacketsMin: 4,
  /** How often the clock of one recording can go back; above it, older packets count in the open minute. */
  clockBacksMax: 1000,
  /** Ended periods in which a recorder's flow logs were enabled; above it, the oldest periods are forgotten. */
  flowLogSpansMax: 10_000,
  /**
   * How long these periods are kept. No tuple is older than the idle timeout (30 minutes at most) plus
   * `clockBackMillisMin`.
   */
  flowLogSpansMillis: 3_600_000,
  /** Networks that are set but not yet in force, one per minute; above it, the oldest never comes into force. */
  networksAheadMax: 100,
  /** Rules of one NSG; more are refused. Source: Azure networking limits. */
  rulesPerNsgMax: 1000,
  /**
   * Concurrent flows of one NIC. At the limit, the flows that have been idle longest end early and are counted. Source:
   * Azure networking limits.
   */
  flowsPerNicMax: 500_000,
  /**
   * Concurrent flows of all NICs, 430 MB of memory. At the limit, the flows that have been idle longest end early and
   * are counted.
   */
  flowsMax: 4_194_304,
  /** Events between two flushes; at the limit, the minute is flushed in parts. */
  eventsMax: 131_072,
  // Reading flow logs

  /**
   * Uncompressed bytes of one flow log blob. `ingest` rejects the rest as `too-large`; other commands refuse a larger
   * gzip file.
   */
  blobBytesMax: 2_000_000_000,
  /** Bytes of a blob that are read and decoded together. A longer block is read whole, up to `recordBytesMax`. */
  pieceBytesMax: 16 << 20,
  /** Bytes of one record or block. A longer record is rejected as `too-large`; a longer block is read in parts. */
  recordBytesMax: 64 << 20,
  /** Bytes fetched but not yet decoded in parallel reads; at the limit, fetching waits. */
  fetchedBytesMax: 64 << 20,
  /** Blobs fetched at the same time: the largest `--parallel`. */
  parallelMax: 64,
  /**
   * Consecutive blobs of one source for which storage does not answer. At the limit, the run skips the other blobs of
   * that source.
   */
  sourceFailuresMax: 3,
  /** A follower retries a blob that could not be read after at most so many polls. */
  unreadLooksMax: 64,
  /** Unreadable blobs that a run lists; of more it prints only the number. */
  unreadToldMax: 20,
  /** Values of a filter that the explanation of an empty answer looks for; further ones are not explained. */
  emptyTestsMax: 3,
  /** The most frequent values of a field that it compares them with. */
  emptyValuesMax: 2000,
  /** The most frequent values of a field that it names where none is similar. */
  emptyNamesMax: 5,
  /** `--timeout`, `--interval` and other times that a command waits, 24 days. Longer ones are refused with `usage`. */
  delayMillisMax: 24 * 86_400_000,
  /** Rows that `--sort` holds in memory. More are refused with `usage`, unless `--limit` says how many are printed. */
  sortedRowsMax: 1_000_000,
  /** Rejections with their position that are kept for one blob; the last one then covers the rest. */
  rejectionsPerBlobMax: 100,
  /** Planned blobs that are held in memory; above it, the plan is written to one temporary file per day. */
  plannedBlobsMax: 50_000,
  /** Blobs listed ahead when a selection lists several folders in parallel; at the limit, later folders wait. */
  listedAheadMax: 20_000,
  /** Rewritten blobs that one commit replaces. */
  replacedBlobsMax: 200,
  /** Entries of one zip archive; an archive with more is refused as `flowlog-invalid`. */
  zipEntriesMax: 1_000_000,
  // Ingesting

  /**
   * Ingest stops when the lake's disk has fewer free bytes than this, or a smaller free share on a small disk. A
   * warning is shown at four times the value.
   */
  diskReserveBytes: 512 << 20,
  diskReserveShare: 0.05,
  // Writing blobs

  /**
   * Blobs whose block lists one writer keeps in memory. Above it, the least recently used list is dropped and read
   * again on demand.
   */
  openBlobsMax: 4096,
  /**
   * Bytes of the block journal of one blob in a folder. A longer journal is ignored: the blob is read without a block
   * list.
   */
  blockJournalBytesMax: 16 << 20,
  // Questions

  /** Arrays and bags within each other in a dynamic value of KQL. A deeper text is no JSON: `parse_json` keeps it as a string. */
  kqlDynamicDepthMax: 100,
  /** Elements of one array that a function or an aggregate of KQL makes; further elements are left out, as in Azure. */
  kqlArrayItemsMax: 1_048_576,
  /** Characters of a text that `strrep` or `repeat` makes; the result of a longer one is cut. */
  kqlTextCharactersMax: 1 << 20,
  /** Default of `--memory`, bytes for one question. Above it, DuckDB spills to a private temporary folder. */
  queryMemoryBytesMax: 1 << 30,
  /** Bytes that a user's SQL may spill to the temporary folder; a query that needs more fails with `memory`. */
  querySpillBytesMax: 8 * 2 ** 30,
  /**
   * Resident memory of the process that answers SQL of a user, in multiples of `--memory`, without what the process
   * needs itself. Above it, the process is ended, and the question fails with `memory`.
   */
  sqlProcessMemoryFactorMax: 2,
  /** Resident memory that the process which answers SQL of a user needs itself. */
  sqlProcessMemoryBytes: 512 << 20,
  /** Chunks of an answer that the process which answers SQL of a user sends before the first of them is taken. */
  sqlChunksAheadMax: 4,
  // Names of addresses

  /** Addresses that are looked up together for a question; there is no limit for how many it has. */
  addressesNamedAtOnce: 65_536,
  /** Bytes of one file of service tags, inventory, threats or own names; a larger one is refused with `names-invalid`. MMDB files may be larger. */
  namesFileBytesMax: 512 << 20,
  /** Snapshots of the service's resources that a lake keeps for names; the oldest are removed. */
  resourceSnapshotsMax: 1000,
  /** Days for which the topology of Traffic Analytics has rows, back from now. */
  topologyDaysMax: 400,
  /** Rows of one CSV file of names; more are refused with `names-invalid`. */
  nameRowsMax: 4_000_000,
  /** Decoded records of one MMDB file that are kept; above it, all are decoded again. */
  geoRecordsKeptMax: 65_536,
  // KQL

  /** Characters of a KQL text; a longer one is refused with `kql-invalid`. */
  kqlCharsMax: 1 << 18,
  /** Nodes of the syntax tree of a KQL text, bodies of functions counted at each call; above it, the text is refused. */
  kqlNodesMax: 500_000,
  /** Items of one completion; further ones are left out. */
  kqlCompletionsMax: 1000,
  /** Columns that values of the data name (`pivot`, `bag_unpack`); more are refused. */
  kqlColumnsMax: 1000,
  /** Steps of one series of `make-series`; more are refused. */
  kqlSeriesStepsMax: 100_000,
  /** Rows of `range`; a longer one is refused with `kql-unsupported`. */
  kqlRangeRowsMax: 10_000_000,
  /** Megabytes of memory and of stack of the thread that reads KQL; a text that needs more is refused. */
  kqlMemoryMegabytesMax: 1024,
  kqlStackMegabytes: 16,
  // The lake

  /** Bytes of memory for rows that are being written to a lake. */
  ingestMemoryBytesMax: 384 << 20,
  /** Rows of one row group of a data file. */
  rowGroupRows: 122_880,
  /** Reports in one row of `flows`. In a longer flow, consecutive reports are merged. */
  flowReportsMax: 65_536,
  /**
   * Tuples held while settling. When more wait for later tuples of their flows, the date is settled in parts by
   * five-tuple.
   */
  settledTogetherMax: 1_500_000,
  /**
   * Parts of a date, a power of two. If one part is still too large because of a single five-tuple, its tuples are held
   * anyway.
   */
  settledPartsMax: 256,
  /** Tuples read between two steps of settling. */
  settledStepTuples: 250_000,
  /** Settled flows held in memory. Above it, the file with the most rows is written out in smaller row groups. */
  settledRowsMax: 150_000,
  /** Five-tuples and times of files that late tuples touch; above it, the whole date is built. */
  settledSpansMax: 1_000_000,
  /**
   * Settled flows that can still grow, and whose last tuple is at most this old for their date, are in separate files.
   */
  settledLateMillis: 10 * 60_000,
  /** Ended flows of this age are in the separate files, too: the logs of several NICs arrive about a minute apart. */
  settledRecentMillis: 60_000,
  /**
   * Unsettled tuples in a question's range that are built without a notice; above it, a notice is printed to stderr.
   */
  uncoveredTuplesMax: 500_000,
  /**
   * Bytes of flows that are built for a question and sent with it to a ClickHouse server; about three million tuples.
   */
  sentFlowsBytesMax: 32 * 2 ** 20,
  /** While logs are followed, settling starts after so many tuples, or after this time. */
  unsettledTuplesMin: 100_000,
  unsettledMillisMax: 10 * 60_000,
  /** A data file of `flows` ends at the next group of flows after so many rows. Late tuples rewrite whole files. */
  flowsFileRowsMax: 500_000,
  /** Rows of one data file after compaction; a day with more rows has several files. */
  dataFileRowsMax: 4_000_000,
  /** An hour is compacted when it has this many files; one compaction reads at most the second number. */
  compactFilesMin: 4,
  compactFilesMax: 500,
  /** After this many later files, an hour or day counts as complete and is compacted, regardless of the clock. */
  compactLaterFiles: 8,
  /**
   * Rows held in memory for all dates before they are written; above it, the date with the most rows is written out.
   */
  stagedRowsMax: 500_000,
  /**
   * Distinct addresses, groups or records of the held rows; above it, all rows are written out and these tables are
   * cleared.
   */
  stagedTableEntriesMax: 1_000_000,
  /**
   * How long a command waits while another command moves the tuples table of the same lake; then it fails with
   * `unavailable`.
   */
  lakeMoveWaitMillisMax: 60_000,
  /** How often a question restarts because files of the lake moved; then it fails. */
  movedAttemptsMax: 5,
  /** Attempts of one commit that lose the race for a version; then the commit fails. */
  commitAttemptsMax: 1000,
  // Networks and templates

  /**
   * Nesting depth of JSON in a network file, and of calls, references and values in a template; deeper input is
   * refused.
   */
  jsonDepthMax: 200,
  templateDepthMax: 600,
  /** Characters of one template expression. Source: Azure Resource Manager limits. */
  templateExpressionCharsMax: 24_576,
  /** Copies of one `copy` loop. Source: Azure Resource Manager limits. */
  templateCopiesMax: 800,
  /** Elements of an array, or characters of a text, that an expression can create. */
  templateValueMax: 1_048_576,
  /**
   * Characters of one value as JSON, with shared parts counted each time; a larger value is refused.
   * Source: Azure Resource Manager's 4 MB limit of a template with all its values.
   */
  templateValueCharsMax: 4 << 20,
  /**
   * Steps to evaluate one template, and all templates of one deployment; above it, the template is refused as too
   * large.
   */
  templateStepsMax: 1_000_000,
  deploymentStepsMax: 10_000_000,
  /** Characters of all resources and outputs of one deployment as JSON; above it, `InvalidTemplate`. */
  deploymentCharsMax: 16 << 20,
  /**
   * Resources of one deployment with its nested deployments; above it, `InvalidTemplate`. Source: Azure Resource
   * Manager's limit of 800 per template.
   */
  deploymentResourcesMax: 800,
  /** Threads that evaluate templates for deployments; further deployments wait. */
  deploymentThreadsMax: 2,
  /** Megabytes of memory of each of these threads; a template that needs more is refused with `InvalidTemplate`. */
  deploymentMemoryMegabytesMax: 512,
  // Comparing rules

  /** Nodes of a decision diagram, 16 bytes each; above it, comparing rules ends with `rules-too-large`. */
  headerSpaceNodesMax: 24_000_000,
  /** Counts of headers kept in memory while rules are compared; above it, they are forgotten and counted again. */
  headerCountsHeld: 1_000_000,

  // Delivery and the spool

  /** Flushes in the encoding thread, each of up to `eventsMax` events of 92 bytes; at the limit, reading waits. */
  flushesUnderWayMax: 2,
  /** Bytes of blocks that are held back, so that one commit adds several minutes to a blob. */
  deliveryHeldBackBytesMax: 4 << 20,
  /** Bytes of blocks that wait for storage; at the limit, reading waits. */
  deliveryBytesMax: 32 << 20,
  /**
   * Default of `--spool-bytes`. When the spool is full, a live recording drops the newest flushes and counts them; a
   * capture file is not read further.
   */
  spoolBytesMax: 1 << 30,
  /** Blobs with missing blocks that the status of a recorder lists; of more it gives only the number of blocks. */
  droppedBlobsMax: 1000,
  /** Files that one run sets aside because storage rejects them permanently; more are counted and stay in the spool. */
  spoolRefusedMax: 10_000,
  // Flow logs and filters

  /** Nesting depth of a flow log; Azure's logs have ten levels. A deeper one is rejected as `nested-too-deep`. */
  flowLogDepthMax: 64,
  /** Rejected byte ranges of one flow log input; above it, the last range is extended to the end. */
  rejectionsMax: 10_000,
  /**
   * Characters of a filter expression, and its levels of brackets; above it, the filter is refused with
   * `filter-syntax`.
   */
  filterCharsMax: 1 << 20,
  filterDepthMax: 100,
  /** Characters of a flow log's `enabledFilteringCriteria`; a longer text is refused with `filter-syntax`. Source: Azure. */
  filteringCriteriaCharsMax: 1000,
  /** Addresses, prefixes and ranges of one `find`; more are refused with `usage`. */
  findAddressesMax: 10_000,
  /** Longest time between two tuples of the same flow: the longest idle timeout of 30 minutes and a tick of 5. */
  tupleBeforeMillisMax: 35 * 60_000,
  /**
   * A tuple whose record has a time that is farther from its own counts, in Traffic Analytics' tables, in the interval of its own time. So a range of
   * these tables reads tuples from so long before it to so long after it.
   */
  recordLagMillisMax: 60 * 60_000,
  /** From the end of an interval to the time at which Azure has its rows. */
  trafficAnalyticsDelayMillis: 10 * 60_000,
  /** Buckets of a series; more are refused with `usage`. Counters are spread over at most so many buckets. */
  seriesBucketsMax: 20_000,
  // The service

  /**
   * Rows and bytes of one answer of the query API; above either, the rest is left out, and the answer says so with
   * `PartialError`. Source: Azure Monitor, "Log Analytics query limits".
   */
  logsRowsMax: 500_000,
  logsBytesMax: 100 << 20,
  /** Longest time limit that a request to the query API may set, seconds; a longer one becomes this. */
  logsQuerySecondsMax: 600,
  /** Queries in one batch of the query API; more are refused with 400. */
  logsBatchQueriesMax: 100,
  /** Queries of the query API that run at once; others wait in turn, within their time limits. */
  logsQueriesAtOnce: 4,
  /** Queries of the query API that run or wait; more are refused with 429. */
  logsQueriesMax: 200,
  /** Statements in the history of the shell of `query`; above it, the oldest are removed. */
  queryHistoryMax: 1000,
  /** Bytes of a request to the control plane (413), and characters of its path (400). Source: ARM's 4 MB limit. */
  armRequestBytesMax: 4 << 20,
  armPathCharsMax: 4096,
  /** Resources of the control plane; more are refused as `ResourceLimitReached`. */
  armResourcesMax: 20_000,
  /** Polls of one long operation at Azure: an hour or less; then the command fails, and the operation goes on. */
  armPollsMax: 600,
  /** Bytes of a response that a command reads from a control plane; a longer one fails with `unavailable`. */
  armAnswerBytesMax: 64 << 20,
  /** Characters of the `$filter` of a list; a longer filter is refused. */
  armFilterCharsMax: 4096,
  /** Operations kept for polling; above it, the oldest are forgotten. */
  armOperationsMax: 4096,
  /**
   * Bytes of the body of one HTTP request; a larger body is refused with 413. Source: Azure Resource Manager limits.
   */
  httpBodyBytesMax: 4 << 20,
  /** Characters of one HTTP path; a longer path is refused with 414. */
  httpPathCharsMax: 8192,
  /**
   * Open HTTP connections in total, and per client address (IPv6: per /64). At the limit, the connection that has
   * waited longest for a complete request is closed; if none waits, the new one.
   */
  httpConnectionsMax: 1024,
  httpConnectionsPerAddressMax: 256,
  /** Time for the TLS handshake, then for the request headers; then the connection is closed, for headers with 408. */
  httpHandshakeMillisMax: 10_000,
  httpHeadersMillisMax: 10_000,
  /** Time for a whole request to arrive; then the connection is closed with 408. */
  httpRequestMillisMax: 60_000,
  /** Sessions of the console: browsers that are signed in; above it, the oldest one is signed out. */
  consoleSessionsMax: 1000,
  /** Rows and bytes of one answer as JSON to the console; above either, the rest is left out, and the answer says `cut`. Streams have no limit. */
  consoleRowsMax: 100_000,
  consoleAnswerBytesMax: 32 << 20,
  /** Groups of one dimension of a question of the console. */
  consoleGroupsMax: 10_000,
  /** Questions of the console that run at once; others wait in turn. */
  consoleQuestionsAtOnce: 3,
  /** Downloads of answers from the console that run at once; others wait in turn. */
  consoleStreamsAtOnce: 4,
  /** Questions of the console that run or wait; more are refused with 429. */
  consoleQuestionsMax: 500,
  /** Time of one question of the console, seconds; then it fails with `timeout`. */
  consoleQuestionSecondsMax: 120,
  /** Memory of one question of the console, bytes. Above it, DuckDB spills to a private temporary folder. */
  consoleQuestionMemoryBytes: 256 << 20,
  /** Bytes of answers that the console keeps in memory; above it, those not asked for the longest go first. An answer of more than an eighth is not kept. */
  consoleCacheBytesMax: 64 << 20,
  /** Blobs of one flow log that the console lists: the newest. */
  consoleBlobsMax: 10_000,
  /** Hours of the calendar of gaps; a longer range is refused. */
  consoleCalendarHoursMax: 24 * 31,
  /** Characters of all saved views together; a larger file is refused with 413. */
  consoleViewsBytesMax: 4 << 20,
  /** Panels of one request to the console. */
  consolePanelsMax: 50,
  /** Values that completion in the console offers from the newest tuples, and the time that it waits for them. */
  consoleCompletionsMax: 50,
  consoleCompletionMillisMax: 1000,
  /** Bytes of all files of the console's pages together; a larger archive is not served. */
  consolePagesBytesMax: 64 << 20,
  /** Time from sign-in until a session of the console ends. */
  consoleSessionMillis: 12 * 3_600_000,
} as const;
