/** The text of a cell of an answer; none has an empty one. */
export function cellText(cell: unknown): string {
  if (typeof cell === 'string') return cell;
  return cell === null || cell === undefined ? '' : JSON.stringify(cell);
}
