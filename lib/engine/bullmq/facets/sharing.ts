import type { Sharing } from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';
import { sharedValue } from '../shared-value.js';

export class BullmqSharing implements Sharing {
  constructor(private readonly store: BullmqStore) {}

  secret(name: string, proposed: string): Promise<string> {
    return sharedValue(this.store.opened.set, name, proposed);
  }
}
