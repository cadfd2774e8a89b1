import type { UseQueryResult } from '@tanstack/react-query';
import { useQuery } from '@tanstack/react-query';
import { requestJson } from './client.ts';

export interface TableState {
  readonly version: number;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
}

export interface LakeState {
  readonly tuples: TableState;
  readonly flows: TableState;
  /** Of the first and of the last tuple; absent where there is none. */
  readonly first?: string;
  readonly last?: string;
  readonly lagSeconds?: number;
  /** Share of the minutes that arrived, 0 to 1. */
  readonly complete?: number;
}

export function useLake(): UseQueryResult<LakeState> {
  return useQuery({
    queryKey: ['lake'],
    queryFn: ({ signal }) => requestJson<LakeState>('lake', { signal }),
    refetchInterval: 15_000,
  });
}
