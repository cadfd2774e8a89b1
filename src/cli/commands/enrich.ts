/** The commands `nsgflow enrich …`. */
export * as tagsUpdate from './enrich-tags-update.ts';
export * as tagsDiff from './enrich-tags-diff.ts';
export * as tagsLookup from './enrich-tags-lookup.ts';
export * as lookup from './enrich-lookup.ts';
