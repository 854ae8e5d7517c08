// Deletes what the services left behind on the device: cookies, keys of both storages, databases.

import type { Gate, Notice, NoticeService } from '../gate/notice.js';

/** Deletes what services that are not granted left, unless one that is granted leaves it too. */
export function clean({ granted }: Gate, { purposes }: Notice): void {
  const services = purposes.flatMap(({ services }) => services);
  const left = (names: (service: NoticeService) => readonly string[]) => {
    const of = (kept: boolean) => services.filter(({ id }) => granted(id) === kept).flatMap(names);
    const [goes, stays] = [of(false), of(true)];
    return (name: string) => matches(name, goes) && !matches(name, stays);
  };
  deleteCookies(left(({ cookies }) => cookies.filter(({ domain }) => !domain).map(({ name }) => name)));
  deleteStorage(left(({ storage = [] }) => storage));
}

type IsLeft = (name: string) => boolean;

/** Whether a name is one of these; `*` at the end stands for any ending. */
export function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}

function deleteCookies(isLeft: IsLeft): void {
  try {
    for (const pair of document.cookie.split('; ')) {
      const name = pair.replace(/=.*/s, '');
      if (!isLeft(name)) continue;
      for (const domain of domains(location.hostname)) {
        for (const path of paths(location.pathname)) {
          // biome-ignore lint/suspicious/noDocumentCookie: must be done before the page goes on
          document.cookie = `${name}=; Max-Age=0; Path=${path}${domain}`;
        }
      }
    }
  } catch {
    // The page may be forbidden to have any.
  }
}

/** The host alone, then every domain above it: browsers refuse the public suffixes themselves. */
export function domains(host: string): string[] {
  const labels = host.split('.');
  return ['', ...labels.map((_, at) => `; Domain=${labels.slice(at).join('.')}`)];
}

/** Every path above this one, with and without a slash at its end. */
export function paths(path: string): string[] {
  const parts = path.split('/').slice(1);
  const above = parts.map((_, at) => `/${parts.slice(0, at + 1).join('/')}`);
  return [...new Set(['/', ...above.flatMap((path) => [path, `${path.replace(/\/$/, '')}/`])])];
}

function deleteStorage(isLeft: IsLeft): void {
  for (const kind of ['localStorage', 'sessionStorage'] as const) {
    try {
      for (const key of Object.keys(window[kind])) if (isLeft(key)) window[kind].removeItem(key);
    } catch {}
  }
  void deleteDatabases(isLeft);
}

async function deleteDatabases(isLeft: IsLeft): Promise<void> {
  try {
    for (const { name = '' } of await indexedDB.databases()) if (isLeft(name)) indexedDB.deleteDatabase(name);
  } catch {}
}
