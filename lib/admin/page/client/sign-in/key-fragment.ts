/** The part of the address that the app logs behind its `#`. */
const KEY_FRAGMENT = /^#key=([\w-]+)$/;

/** The key of the address bar, which is taken away from there; null where there is none. */
export function takeKey(): string | null {
  const key = KEY_FRAGMENT.exec(location.hash)?.[1] ?? null;
  if (key !== null) history.replaceState(history.state, '', location.pathname + location.search);
  return key;
}
