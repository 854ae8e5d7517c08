// A site as large as most, to measure what its visitors load: composed as the server does it, in banner.rs and shown.rs.

const site = {
  site: 'shop',
  notice: 3,
  asksSince: 2,
  days: 183,
  purposes: ['preferences', 'analytics', 'advertising'],
};

export const services = [
  { id: 'ga', kind: 'ga4', purpose: 'analytics', key: 'G-DEMO12345' },
  { id: 'matomo', kind: 'matomo', purpose: 'analytics', url: 'https://stats.example.com/matomo/', siteId: 1 },
  { id: 'ads', kind: 'google-ads', purpose: 'advertising', key: 'AW-123456789' },
  { id: 'meta', kind: 'meta', purpose: 'advertising', key: '123456789012345' },
  { id: 'film', kind: 'youtube', purpose: 'preferences' },
  { id: 'map', kind: 'google-maps', purpose: 'preferences' },
];

/** The configuration as JavaScript: JSON, and the code of what the site uses. */
export function configured(kinds, starts, sweep) {
  const config = {
    ...site,
    services: services.map(({ id, kind, purpose, ...rest }) => {
      const { by, asksKind, reload, file } = kinds[kind];
      if (rest.url) rest.url += file ?? '';
      return { id, purpose, by, kind: asksKind && kind, ...rest, reload };
    }),
    panel: '5f1d0c8ab3e947d2',
  };
  const code = Object.entries(starts).map(([name, start]) => `${JSON.stringify(name)}:${start}`);
  const names = beginnings(services.flatMap(({ kind }) => kinds[kind].cookies));
  const literal = JSON.stringify(config).replace(/"(\w+)":/g, '$1:');
  return `${literal.slice(0, -1)},starts:{${code}},extras:[g=>(${sweep})(g,${JSON.stringify(names)})]}`;
}

/** How the names of the page's own cookies begin, without what another covers. */
function beginnings(cookies) {
  const names = [...new Set(cookies.filter(({ domain }) => !domain).map(({ name }) => name.replace(/\*$/, '')))];
  return names.filter((name) => !names.some((wide) => wide !== name && name.startsWith(wide))).join('|');
}

/** What the question needs of the sample site's notice, as the service would send it. */
export function question(language, texts) {
  const shown = ['title', 'intro', 'accept_all', 'reject_all', 'choose', 'facts', 'policy', 'saved', 'honoured'];
  return {
    site: site.site,
    notice: site.notice,
    language,
    regime: 'opt-in',
    name: 'Butikken',
    controller: 'Butikken AS',
    policy_url: 'https://www.example.com/personvern',
    silence: [],
    cookieless: false,
    yes_days: 365,
    no_days: 365,
    gpc: 'voluntary',
    honoured: false,
    dnt: true,
    look: {
      layout: 'bar',
      position: 'bottom',
      theme: 'auto',
      light: { accent: '#14532d', 'on-accent': '#ffffff' },
      dark: { accent: '#14532d', 'on-accent': '#ffffff' },
    },
    list: ['necessary', ...site.purposes].map((id) => texts[`purpose_${id}_name`]).join(', '),
    texts: Object.fromEntries(shown.map((key) => [key, texts[key].replace('{count}', '5').replace('{time}', '12 m')])),
    purposes: ['necessary', ...site.purposes].map((id) => ({
      id,
      necessary: id === 'necessary',
    })),
  };
}
