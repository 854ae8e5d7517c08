// Stands in for Google's gtag.js: the same queue, consent states, cookies and hits, but all of it goes to the shop's own
// collector. Like a tag in basic mode it sends nothing, not even a cookieless ping, while analytics is denied.
(() => {
  const collector = new URL('collect', document.currentScript.src);
  const YEARS_2 = 2 * 365 * 86400;
  const consent = {};
  const shared = {};
  const ids = new Set();

  // What was never said counts as granted, as with the real tag.
  const granted = (type) => consent[type] !== 'denied';

  const commands = {
    consent: (_, types) => Object.assign(consent, types),
    set(parameters) {
      // Settings by name, such as ads_data_redaction, are for Google's ads.
      if (typeof parameters === 'object') Object.assign(shared, parameters);
    },
    config(id, parameters = {}) {
      ids.add(id);
      if (parameters.send_page_view !== false) hit(id, 'page_view', parameters);
    },
    event(name, parameters = {}) {
      for (const id of parameters.send_to ? [parameters.send_to].flat() : ids) hit(id, name, parameters);
    },
  };

  function hit(id, name, parameters) {
    if (!granted('analytics_storage') || window[`ga-disable-${id}`]) return;
    const url = new URL(collector);
    const flag = (type) => (granted(type) ? 1 : 0);
    const fields = {
      v: 2,
      tid: id,
      cid: client(id),
      en: name,
      dl: location.href,
      dt: document.title,
      gcs: `G1${flag('ad_storage')}${flag('analytics_storage')}`,
    };
    for (const [key, value] of Object.entries(fields)) url.searchParams.set(key, value);
    for (const [key, value] of Object.entries({ ...shared, ...parameters })) {
      if (typeof value !== 'object') url.searchParams.set(`ep.${key}`, value);
    }
    if (!navigator.sendBeacon(url)) fetch(url, { method: 'POST', keepalive: true });
  }

  /** The id in `_ga`, made where there is none, and the session's cookie beside it. */
  function client(id) {
    const now = Math.floor(Date.now() / 1000);
    const known = /(?:^|; )_ga=GA1\.1\.(\d+\.\d+)/.exec(document.cookie)?.[1];
    const made = known ?? `${Math.floor(Math.random() * 2 ** 31)}.${now}`;
    keep('_ga', `GA1.1.${made}`);
    keep(`_ga_${id.slice(2)}`, `GS1.1.${now}.1.0.${now}.0.0.0`);
    return made;
  }

  function keep(name, value) {
    document.cookie = `${name}=${value}; Max-Age=${YEARS_2}; Path=/; SameSite=Lax`;
  }

  function read(entry) {
    // A command is an arguments object; plain objects are for Tag Manager.
    if (Object.prototype.toString.call(entry) !== '[object Arguments]') return;
    const [name, ...rest] = entry;
    commands[name]?.(...rest);
  }

  window.dataLayer ||= [];
  const layer = window.dataLayer;
  const push = layer.push.bind(layer);
  layer.slice().forEach(read);
  layer.push = (...entries) => {
    const length = push(...entries);
    entries.forEach(read);
    return length;
  };
})();
