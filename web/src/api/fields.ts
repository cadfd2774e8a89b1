import type { UseQueryResult } from '@tanstack/react-query';
import { useQuery } from '@tanstack/react-query';
import { requestJson } from './client.ts';

export interface FieldInfo {
  readonly name: string;
  readonly names: readonly string[];
  readonly kind: string;
  readonly groupable: boolean;
  readonly about?: string;
}

export function useFields(): UseQueryResult<readonly FieldInfo[]> {
  return useQuery({
    queryKey: ['fields'],
    queryFn: ({ signal }) => requestJson<readonly FieldInfo[]>('fields', { signal }),
    staleTime: Infinity,
  });
}
