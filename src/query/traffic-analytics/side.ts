/** Sides of a flow: of the initiator and of the responder. */
export type Side = 'src' | 'dst';

export const sides: readonly Side[] = ['src', 'dst'];
