import { describeChaos } from './chaos.suite.js';

describeChaos('sqlite', { seconds: 20, tasksPerSecond: 1_000 });
