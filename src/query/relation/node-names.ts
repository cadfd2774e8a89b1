/** Words that nodes of the tree and nodes of SQL share. */

export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'cross';

export type TableName = 'tuples' | 'flows';
