// The file that the engine's thread runs.
import { parentPort, workerData } from 'node:worker_threads';
import { serveEngine, type ThreadData } from '../engine/kinds/index.js';
import { VERSION } from '../version.js';
import { LIBRARY_FUNCTIONS } from './library-functions.js';

serveEngine(parentPort!, workerData as ThreadData, LIBRARY_FUNCTIONS, VERSION);
