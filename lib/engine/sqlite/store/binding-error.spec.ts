import { describe, expect, it, vi } from 'vitest';
import { bindingError } from './binding-error.js';

describe('bindingError', () => {
  it('says in one line for which Node a binding was compiled, as Node says it in several', () => {
    const fromNode =
      "The module '/app/node_modules/better-sqlite3/build/Release/better_sqlite3.node'\nwas compiled against a different " +
      'Node.js version using\nNODE_MODULE_VERSION 115. This version of Node.js requires\nNODE_MODULE_VERSION 127. Please ' +
      'try re-compiling or re-installing\nthe module (for instance, using `npm rebuild` or `npm install`).';
    expect(bindingError(new Error(fromNode)).message).toMatch(
      /better_sqlite3\.node' was compiled against .* 115\. This version of Node\.js requires NODE_MODULE_VERSION 127\. Its /,
    );
  });

  it('leaves out where a binding was looked for, and keeps npm from skipping the script again', () => {
    const { message } = bindingError(
      new Error('Could not locate the bindings file. Tried:\n → /app/build\n → /app/out'),
    );
    expect(message).toContain('cannot be loaded: Could not locate the bindings file. Its install script');
    expect(message).toContain('npm rebuild better-sqlite3 --ignore-scripts=false');
  });

  it('advises no compiling where Bun runs the app, which loads no such part', () => {
    const versions = vi.spyOn(process, 'versions', 'get').mockReturnValue({ ...process.versions, bun: '1.4.5' });
    const { message } = bindingError(new Error("'better-sqlite3' is not yet supported in Bun.\nTrack the status."));
    versions.mockRestore();
    expect(message).toContain("'better-sqlite3' is not yet supported in Bun. Track the status. Bun has nothing");
    expect(message).toContain('run the app on Node');
    expect(message).not.toContain('npm rebuild');
  });
});
