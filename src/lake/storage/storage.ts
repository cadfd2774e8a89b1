/**
 * Where the files of a table are kept, by name: what tables need of a folder, and of a container of Azure Storage.
 *
 *   await storage.put('_delta_log/00000000000000000012.json', bytes, { ifAbsent: true })   // false: another writer has this version
 *   await storage.list('_delta_log/0000000000000000001')                                    // names, ascending
 *   await storage.read('part.parquet', size - 8, size)                                      // the last eight bytes
 *
 * Names are paths with `/`, relative, without empty parts, `.` and `..`. Files never change once others may read them, but for those that `put` replaces
 * whole. decisions/0025-storage-interface.md says what goes through it. Each implementation runs test/lake/storage/contract.ts.
 */
export interface Storage {
  /**
   * Names that begin with `prefix`, ascending; also those in folders below. `prefix` may end within a name.
   * @throws permission, unavailable, io
   */
  list(prefix: string): Promise<string[]>;

  /**
   * The bytes of a file from `start` to before `end`, absent: all of them. Behind its end there are none. `undefined` where there is no such file.
   * @throws permission, unavailable, io
   */
  read(name: string, start?: number, end?: number): Promise<Uint8Array | undefined>;

  /**
   * Makes a file: whoever sees it sees it whole, and once this has returned, it outlives a power failure.
   * @returns false, with `ifAbsent`, only where another one has the name; it is then left as it is
   * @throws disk-full, permission, unavailable, io
   */
  put(name: string, bytes: Uint8Array, options?: PutOptions): Promise<boolean>;

  /** Deletes a file; where there is none, nothing. @throws permission, unavailable, io */
  delete(name: string): Promise<void>;
}

export interface PutOptions {
  /** Replaces no file. Of several who put at once, one wins. */
  readonly ifAbsent?: boolean;
}
