import { FlowError } from '../../base/errors.ts';

/** What DuckDB says of a data file that cannot be opened or read; `undefined` where the error is another. */
export function dataFileError(error: unknown): FlowError | undefined {
  const message = error instanceof Error ? error.message : String(error);
  const sentence = message.split('\n')[0];
  if (/^IO Error: .*permission denied/i.test(message))
    return new FlowError('permission', `a data file of the lake cannot be opened: ${sentence}`, { cause: error });
  if (/^IO Error: .*(?:no files found|cannot open file|could not open)/i.test(message))
    return new FlowError('io', `a data file of the lake cannot be opened: ${sentence}`, {
      cause: error,
      hint: 'Where another engine has vacuumed the table, ask again; else bring the file back.',
    });
  if (
    /^(?:Invalid Input|Invalid|IO|Serialization) Error: .*(?:parquet|too small|magic bytes|thrift|TProtocol|compress|zstd|corrupt)/is.test(
      message,
    )
  )
    return damagedFile(sentence, error);
  return undefined;
}

/** As `dataFileError`, for SQL of ours: what else DuckDB cannot read lies in the files, too. */
export function ownSqlError(error: unknown): unknown {
  if (error instanceof FlowError) return error;
  const known = dataFileError(error);
  if (known !== undefined) return known;
  const message = error instanceof Error ? error.message : String(error);
  if (!/^(?:IO|Serialization|Invalid|Invalid Input) Error:/.test(message)) return error;
  return damagedFile(message.split('\n')[0], error);
}

function damagedFile(sentence: string, cause: unknown): FlowError {
  return new FlowError('lake-invalid', `a data file of the lake cannot be read: ${sentence}`, {
    cause,
    hint: 'Bring the damaged file back from a copy. A file of flows may be deleted: nsgflow lake settle builds its date again, unless the date is frozen.',
  });
}
