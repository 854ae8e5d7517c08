/** The names of the cookies that a page can see, in order. */
export function namesIn(cookies: string): string[] {
  const names = cookies.split('; ').map((pair) => pair.replace(/=.*/, ''));
  // Without the copy of the choice, which the service may set before the page goes on, or after.
  return names.filter((name) => name && name !== 'samtykke_shop.').sort();
}
