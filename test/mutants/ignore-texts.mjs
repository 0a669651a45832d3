// Leaves the texts of errors and of log lines as they are: what one says is held by the tests that read it, and a mutant of
// each word of it would ask for a test that repeats the word.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const TELLING = new Set(['log', 'warn', 'error', 'report', 'note', 'debug', 'verbose']);

function isTold(node) {
  if (node.type === 'NewExpression') return (node.callee.name ?? '').endsWith('Error');
  if (node.type !== 'CallExpression') return false;
  return TELLING.has(node.callee.property?.name ?? node.callee.name);
}

const texts = {
  shouldIgnore({ node, parentPath }) {
    // A word alone is a name or a code, which is not only read.
    const isText = node.type === 'TemplateLiteral' || (node.type === 'StringLiteral' && node.value.includes(' '));
    if (!isText) return undefined;
    // What is told is put together of texts, and nothing else.
    let above = parentPath;
    while (above && above.node.type === 'BinaryExpression' && above.node.operator === '+') above = above.parentPath;
    return above && isTold(above.node) ? 'the text of an error or of a log line' : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'texts', texts)];
