// Loaded before a process: it kills itself with SIGKILL before the change KILL_AT of names in a folder, counted from 0.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

let left = Number(process.env.KILL_AT);

for (const change of ['linkSync', 'renameSync', 'rmSync']) {
  const original = fs[change];
  fs[change] = (path, ...rest) => {
    // To remove what is not there changes nothing.
    const counts = change !== 'rmSync' || fs.existsSync(path);
    if (counts && (left -= 1) === -1) process.kill(process.pid, 'SIGKILL');
    return original(path, ...rest);
  };
}
syncBuiltinESMExports();
