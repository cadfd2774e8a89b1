/** The table of operators, by their kind in the syntax. */
import { extend, print, project, projectAway, projectKeep, projectRename, projectReorder } from './columns.ts';
import { join, lookup } from './join.ts';
import type { Operator } from './operator.ts';
import { as, count, distinct, sample, sampleDistinct, serialize, sort, take, top, where } from './rows.ts';
import { summarize } from './summarize.ts';
import { union } from './union.ts';

export const operators: Readonly<Record<string, Operator>> = {
  PrintOperator: print,
  FilterOperator: where,
  ProjectOperator: project,
  ProjectAwayOperator: projectAway,
  ProjectKeepOperator: projectKeep,
  ProjectRenameOperator: projectRename,
  ProjectReorderOperator: projectReorder,
  ExtendOperator: extend,
  SummarizeOperator: summarize,
  DistinctOperator: distinct,
  CountOperator: count,
  TakeOperator: take,
  SampleOperator: sample,
  SampleDistinctOperator: sampleDistinct,
  SortOperator: sort,
  TopOperator: top,
  JoinOperator: join,
  LookupOperator: lookup,
  UnionOperator: union,
  SerializeOperator: serialize,
  AsOperator: as,
};
