// The process of a contestant: does what it is asked over IPC, one thing after the other or at the same time.
import type { Answer, Question } from './child-process.js';
import { Session } from './session.js';

const session = new Session();

process.on('message', ({ id, method, args }: Question) => {
  const call = session[method] as (...given: unknown[]) => Promise<unknown>;
  call.apply(session, args as unknown[]).then(
    (result) => answer({ id, result }),
    (error: unknown) => answer({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit());

function answer(answered: Answer): void {
  process.send!(answered);
}
