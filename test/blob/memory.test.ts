import { memoryAccount } from '../../src/blob/memory.ts';
import { containerContract } from './contract.ts';

containerContract('memory', { account: () => memoryAccount(), listedBlobs: 120, largeBytes: 1 << 22 });
