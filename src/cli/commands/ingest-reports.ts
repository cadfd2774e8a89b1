/** The commands `ingest …`, which say how far the lake is. */
export * as status from './ingest-status.ts';
export * as gaps from './ingest-gaps.ts';
export * as rejects from './ingest-rejects.ts';
