import type { UseQueryResult } from '@tanstack/react-query';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { requestJson } from './client.ts';

export interface Source {
  readonly name: string;
  readonly kind: 'account' | 'folder';
  readonly location?: string;
  readonly blobs: number;
  readonly bytesRead?: number;
  /** ISO time. */
  readonly lastBlock?: string;
  readonly lagSeconds?: number;
  readonly state: 'ok' | 'late' | 'error';
  readonly error?: string;
}

export interface ReasonCounter {
  readonly group: 'recorder' | 'delivery' | 'ingest';
  readonly reason: string;
  readonly count: number;
  readonly about?: string;
}

export interface Sources {
  readonly lagSeconds?: number;
  /** Share of the minutes that arrived, 0 to 1. */
  readonly complete?: number;
  readonly rejected: number;
  readonly spooledBlocks?: number;
  readonly retentionDays?: number;
  readonly sources: readonly Source[];
  readonly counters: readonly ReasonCounter[];
}

export interface CalendarCell {
  readonly state: 'present' | 'quiet' | 'missing' | 'unknown';
  readonly missingMinutes: number;
  /** Minutes of the hour that are missing. */
  readonly minutes?: readonly number[];
  readonly reason?: string;
}

export interface CalendarLog {
  readonly name: string;
  readonly nsg?: string;
  readonly mac?: string;
  readonly complete: number;
  /** One for each hour; `null` where the log was off. */
  readonly cells: readonly (CalendarCell | null)[];
}

export interface Calendar {
  /** Epoch milliseconds. */
  readonly hours: readonly number[];
  readonly logs: readonly CalendarLog[];
}

const refreshMillis = 15_000;

export function useSources(): UseQueryResult<Sources> {
  return useQuery({
    queryKey: ['sources'],
    queryFn: ({ signal }) => requestJson<Sources>('sources', { signal }),
    refetchInterval: refreshMillis,
  });
}

export function useCalendar(from: number, to: number): UseQueryResult<Calendar> {
  return useQuery({
    queryKey: ['calendar', from, to],
    queryFn: ({ signal }) => requestJson<Calendar>(`sources/calendar?from=${from}&to=${to}`, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: 4 * refreshMillis,
  });
}
