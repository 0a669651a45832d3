import './sign-in.css';
import { takeKey } from './key-fragment.js';

const form = document.querySelector('form')!;
const field = document.querySelector('input')!;
const button = document.querySelector('button')!;
const message = document.querySelector<HTMLElement>('[role=alert]')!;
const session = new URL(form.dataset.session!, location.href);

/**
 * Has the key changed for a cookie, and opens the page by it. Without a key it asks whether the cookie is there already:
 * a browser does not send it when somebody follows a link of another site to here.
 */
async function signIn(key: string | null): Promise<void> {
  // A person may enter a key while the question without one is on its way.
  button.disabled = key !== null;
  try {
    const headers = new Headers(key === null ? [] : [['Authorization', `Bearer ${key}`]]);
    const response = await fetch(session, { method: 'POST', headers });
    if (response.ok) open();
    else if (key !== null) say(await problemOf(response));
  } catch {
    if (key !== null) say('The app does not answer.');
  } finally {
    button.disabled = false;
  }
}

async function problemOf(response: Response): Promise<string> {
  if (response.status === 401) return 'This is not the key of this panel. Another store has another key.';
  const { detail } = (await response.json().catch(() => ({}))) as { readonly detail?: unknown };
  return typeof detail === 'string' ? detail : `The app answered ${response.status}.`;
}

function say(text: string): void {
  message.textContent = text;
  message.hidden = false;
  field.focus();
}

/** Noted first: a reload that came to this page again, although the cookie is there, would go on for ever. */
function open(): void {
  history.replaceState({ hasReloaded: true }, '');
  location.reload();
}

function hasReloaded(): boolean {
  return (history.state as { readonly hasReloaded?: boolean } | null)?.hasReloaded === true;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  message.hidden = true;
  const key = field.value.trim();
  if (key !== '') void signIn(key);
});

// A second address that is opened in the same tab changes the fragment alone.
addEventListener('hashchange', () => {
  const key = takeKey();
  if (key !== null) void signIn(key);
});

const key = takeKey();
if (key !== null || !hasReloaded()) void signIn(key);
