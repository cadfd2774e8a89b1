import type { ErrorBody } from '../../api/client.ts';

export interface FieldErrors {
  readonly of: (field: string) => string | undefined;
  /** Whether the error belongs to no field of the form. */
  readonly isElsewhere: boolean;
}

const shownFields = ['target', 'name', 'account', 'retentionDays', 'version', 'trafficAnalytics'];

/** Where an error of the service stands: its `field` is a JSON pointer into the body, such as `/account/id`. */
export function fieldErrors(body: ErrorBody | undefined): FieldErrors {
  const field = body?.field?.split('/').find((part) => part !== '');
  const isShown = field !== undefined && shownFields.includes(field);
  const text = body === undefined ? undefined : [body.message, body.hint].filter(Boolean).join(' ');
  return { of: (name) => (isShown && name === field ? text : undefined), isElsewhere: body === undefined || !isShown };
}
