import { describeWith } from '../support/servers/find-program.js';
import { describeChaos } from './chaos.suite.js';

describeWith('postgres', 'BullMQ on PostgreSQL', () => describeChaos('postgres', { seconds: 12, tasksPerSecond: 60 }));
