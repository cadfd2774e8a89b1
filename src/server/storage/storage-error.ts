import { xmlDocument, xmlElement } from './xml.ts';

/** An error of the Blob service. Source: Azure Storage, "Blob Storage error codes". */
export class StorageError extends Error {
  readonly status: number;
  /** Azure's code, such as `BlobNotFound`. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'StorageError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function storageErrorBody({ code, message }: StorageError): string {
  return xmlDocument(xmlElement('Error', [xmlElement('Code', code), xmlElement('Message', message)]));
}
