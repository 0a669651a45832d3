// Loaded before a process: it sends itself AT_SIGNAL before the change AT_CHANGE of names in a folder, counted from 0.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const signal = process.env.AT_SIGNAL;
let left = Number(process.env.AT_CHANGE);

for (const change of ['linkSync', 'renameSync', 'rmSync']) {
  const original = fs[change];
  fs[change] = (path, ...rest) => {
    // To remove what is not there changes nothing.
    const counts = change !== 'rmSync' || fs.existsSync(path);
    if (counts && (left -= 1) === -1) process.kill(process.pid, signal);
    return original(path, ...rest);
  };
}
syncBuiltinESMExports();
