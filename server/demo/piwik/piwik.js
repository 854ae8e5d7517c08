// Stands in for the piwik.js of Piwik 2: trackers by name, a queue that throws on what it does not know, and no idea of
// consent. Its requests go to the shop's own collector.
(() => {
  // Like the original it leaves a Piwik, or a Matomo, alone that came before it.
  if (typeof window.Piwik !== 'object') window.Piwik = { getTracker };

  // Once a queue is run it is no array any more; whoever ran it keeps it.
  if (!Array.isArray(window._paq)) return;
  const main = window.Piwik.getTracker();
  window._paq.forEach(run);
  window._paq = { push: run };

  function run(command) {
    const method = typeof command[0] === 'function' ? command[0] : main[command[0]];
    if (!method) throw new Error(`The method '${command[0]}' was not found in "_paq" variable.`);
    method.apply(main, command.slice(1));
  }

  function getTracker(url, site) {
    let endpoint = url;
    let siteId = site;
    let title = document.title;
    let page = location.href;
    let domain = '';
    let path = '/';
    let stores = true;

    function send(fields) {
      const query = new URLSearchParams(fields);
      query.set('idsite', siteId);
      query.set('rec', 1);
      query.set('url', page);
      query.set('_id', visitor());
      new Image().src = `${endpoint}?${query}`;
    }

    function visitor() {
      const name = `_pk_id.${siteId}.demo`;
      const known = document.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
      const now = Math.floor(Date.now() / 1000);
      const value = known ?? `${Math.random().toString(16).slice(2).padEnd(16, '0').slice(0, 16)}.${now}.`;
      keep(name, value, 33955200);
      keep(`_pk_ses.${siteId}.demo`, '*', 1800);
      return value.slice(0, 16);
    }

    function keep(name, value, seconds) {
      if (!stores && seconds) return;
      const where = domain && `; Domain=${domain}`;
      document.cookie = `${name}=${value}; Max-Age=${seconds}; Path=${path}${where}`;
    }

    return {
      setTrackerUrl: (value) => { endpoint = value; },
      setSiteId: (value) => { siteId = value; },
      setDocumentTitle: (value) => { title = value; },
      setCustomUrl: (value) => { page = value; },
      setCookieDomain: (value) => { domain = value.replace(/^\*\./, ''); },
      setCookiePath: (value) => { path = value; },
      trackPageView: (value) => { send({ action_name: value || title }); },
      trackEvent: (category, action, name) => { send({ e_c: category, e_a: action, e_n: name || '' }); },
      trackLink: (link, kind) => { send({ [kind]: link }); },
      enableLinkTracking: () => {
        document.addEventListener('click', (event) => {
          const link = event.target instanceof Element && event.target.closest('a[href^="http"]');
          if (link && link.host !== location.host) send({ link: link.href });
        });
      },
      disableCookies: () => { stores = false; },
      deleteCookies: () => {
        ['id', 'ses', 'ref'].forEach((name) => { keep(`_pk_${name}.${siteId}.demo`, '', 0); });
      },
    };
  }
})();
