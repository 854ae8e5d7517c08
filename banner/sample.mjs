// A site as large as most, to measure what its visitors load.

export const config = {
  site: 'shop',
  notice: 3,
  asksSince: 2,
  days: 183,
  purposes: ['preferences', 'analytics', 'advertising'],
  services: [
    { id: 'ga', kind: 'ga4', purpose: 'analytics', key: 'G-DEMO12345', cookies: ['_ga', '_ga_*', '_gid', '_gat*'] },
    {
      id: 'matomo',
      kind: 'matomo',
      purpose: 'analytics',
      url: 'https://stats.example.com/matomo/',
      siteId: 1,
      cookies: ['_pk_id*', '_pk_ses*', '_pk_ref*', 'mtm_*'],
    },
    {
      id: 'piwik',
      kind: 'piwik',
      purpose: 'analytics',
      url: 'https://old.example.com/piwik/',
      siteId: 7,
      cookies: ['_pk_id*', '_pk_ses*'],
    },
    {
      id: 'pixel',
      kind: 'pixel',
      purpose: 'advertising',
      url: 'https://ads.example.com/pixel.gif?id=4711',
      cookies: ['_adv', '_adv_*'],
      reload: true,
    },
    { id: 'video', kind: 'embed', purpose: 'preferences', cookies: ['vuid', 'player'] },
  ],
  panel: '5f1d0c8ab3e947d2',
};

const described = {
  ga: {
    name: 'Google Analytics',
    vendor: 'Google Ireland Ltd',
    country: 'IE',
    policy: 'https://policies.google.com/privacy',
  },
  matomo: { name: 'Matomo', vendor: 'Butikken AS', country: 'NO', policy: 'https://matomo.org/privacy-policy/' },
  piwik: { name: 'Piwik', vendor: 'Butikken AS', country: 'NO', policy: 'https://www.example.com/personvern' },
  pixel: { name: 'Annonsemåling', vendor: 'Reklamehuset AB', country: 'SE', policy: 'https://ads.example.com/privacy' },
  video: { name: 'Videospiller', vendor: 'Vimeo.com, Inc.', country: 'US', policy: 'https://vimeo.com/privacy' },
};

/** The notice of the sample site, as the service would send it. */
export function notice(language, texts) {
  const own = Object.entries(texts).filter(([key]) => !key.startsWith('purpose_'));
  const servicesOf = (purpose) =>
    config.services
      .filter((service) => service.purpose === purpose)
      .map(({ id, cookies }) => {
        const { name, vendor, country, policy } = described[id];
        const lifetimes = cookies.map((cookie, at) => ({ name: cookie, days: [730, 0, 1, 183][at] }));
        return { id, name, vendor, country, policy_url: policy, cookies: lifetimes };
      });
  return {
    site: config.site,
    notice: config.notice,
    hash: '8c7dd922ad47494fc02c388e12c00eac5f1d0c8ab3e947d28c7dd922ad47494f',
    language,
    regime: 'opt-in',
    name: 'Butikken',
    controller: 'Butikken AS',
    policy_url: 'https://www.example.com/personvern',
    remember_days: config.days,
    look: { layout: 'bar', theme: 'auto', accent: '#14532d' },
    texts: Object.fromEntries(own),
    purposes: ['necessary', ...config.purposes].map((id) => ({
      id,
      necessary: id === 'necessary',
      name: texts[`purpose_${id}_name`],
      description: texts[`purpose_${id}_description`],
      services: servicesOf(id),
    })),
  };
}
