// The process that answers: works on the file that it is told, until its parent is gone.
import { bootAnswers } from './app.js';

await bootAnswers(process.argv[2]!, 10);
process.send!('ready');
process.on('disconnect', () => process.exit());
