import { describeWith } from '../support/servers/find-program.js';
import { describeChaos } from './chaos.suite.js';

describeWith('redis', 'BullMQ on Redis', () => describeChaos('redis', { seconds: 12, tasksPerSecond: 200 }));
