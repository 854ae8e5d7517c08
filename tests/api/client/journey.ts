// A site's own system, as somebody would write it against the description alone: asks, writes down, asks again, and forgets.
// `described.ts` beside it is made of /openapi.json when the tests run.

import createClient from 'openapi-fetch';
import type { components, paths } from './described.js';

type Permission = components['schemas']['Permission'];

/** What may be done with one person, step by step. */
export async function journey(
  baseUrl: string,
  token: string,
  ref: string,
  id: string,
): Promise<Record<string, unknown>> {
  const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
  const person = { path: { site: 'shop', ref } };
  const email = async (): Promise<Permission | undefined> => {
    const asked = { params: { path: { site: 'shop' } }, body: { refs: [ref, 'nobody'] } };
    const { data } = await api.POST('/v1/sites/{site}/people/lookup', asked);
    return data?.people[0]?.channels.email;
  };

  const before = await email();
  const yes = { id, channel: 'email', answer: 'granted', source: 'kasse', language: 'nb' } as const;
  const written = await api.POST('/v1/sites/{site}/people/{ref}/consents', { params: person, body: yes });
  const again = await api.POST('/v1/sites/{site}/people/{ref}/consents', { params: person, body: yes });
  const allowed = await email();
  const no = { channel: 'email', answer: 'denied', source: 'samtale' } as const;
  const withdrawn = await api.POST('/v1/sites/{site}/people/{ref}/consents', { params: person, body: no });
  const shown = await api.GET('/v1/sites/{site}/people/{ref}', { params: person });
  const forgotten = await api.DELETE('/v1/sites/{site}/people/{ref}', { params: person });
  const gone = await api.GET('/v1/sites/{site}/people/{ref}', { params: person });
  const foreign = await api.GET('/v1/sites/{site}/people/{ref}', { params: { path: { site: 'none', ref } } });
  return {
    before: before?.reason,
    written: written.response.status,
    again: [again.response.status, again.data?.receipt.jws === written.data?.receipt.jws],
    allowed: [allowed?.allowed, allowed?.receipt],
    withdrawn: withdrawn.data?.receipt.record.action,
    shown: [shown.data?.sequence, shown.data?.channels.email?.reason],
    forgotten: forgotten.data?.erased,
    gone: gone.error?.type,
    foreign: foreign.error?.type,
  };
}
