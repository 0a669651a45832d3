import { describe, expect, it } from 'vitest';
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
});
