/** The table of operators, by their kind in the syntax. */
import { extend, print, project, projectAway, projectKeep, projectRename, projectReorder } from './columns.ts';
import { evaluate } from './evaluate.ts';
import { mvApply, mvExpand } from './expand.ts';
import { join, lookup } from './join.ts';
import { topHitters, topNested } from './nested.ts';
import type { Operator } from './operator.ts';
import { parse, parseKv, parseWhere } from './parse.ts';
import { invoke, partition } from './partition.ts';
import { as, count, distinct, sample, sampleDistinct, serialize, sort, take, top, where } from './rows.ts';
import { getSchema, render } from './schema.ts';
import { find, search } from './search.ts';
import { makeSeries } from './series.ts';
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
  MvExpandOperator: mvExpand,
  MvApplyOperator: mvApply,
  ParseOperator: parse,
  ParseWhereOperator: parseWhere,
  ParseKvOperator: parseKv,
  TopNestedOperator: topNested,
  TopHittersOperator: topHitters,
  PartitionOperator: partition,
  InvokeOperator: invoke,
  GetSchemaOperator: getSchema,
  RenderOperator: render,
  SearchOperator: search,
  FindOperator: find,
  MakeSeriesOperator: makeSeries,
  EvaluateOperator: evaluate,
};
