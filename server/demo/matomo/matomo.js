// Stands in for Matomo's matomo.js: the same queue, consent rules, cookies and requests as version 5, for the shop's own
// collector.
(() => {
  const MONTHS_13 = 33955200;
  const MINUTES_30 = 1800;
  // Run before all others, in this order, wherever they stand in the queue.
  const FIRST = ['setTrackerUrl', 'setSiteId', 'requireConsent', 'setConsentGiven'];

  function newTracker(url = '', site = '') {
    let endpoint = url;
    let siteId = site;
    let required = false;
    let given = false;
    let stores = true;
    const waiting = [];
    let heartBeat;

    function request(fields) {
      if (required && !given) waiting.push(fields);
      else send(fields);
    }

    function send(fields) {
      const query = new URLSearchParams({ idsite: siteId, rec: 1, ...fields, url: location.href, _id: visitor() });
      if (required) query.set('consent', 1);
      new Image().src = `${endpoint}?${query}`;
    }

    function visitor() {
      const name = `_pk_id.${siteId}.demo`;
      const known = document.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
      const value = known ?? `${randomHex()}.${Math.floor(Date.now() / 1000)}.`;
      if (stores) {
        keep(name, value, MONTHS_13);
        keep(`_pk_ses.${siteId}.demo`, 1, MINUTES_30);
      }
      return value.slice(0, 16);
    }

    return {
      setTrackerUrl(value) {
        endpoint = value;
      },
      setSiteId(value) {
        siteId = value;
      },
      requireConsent() {
        required = true;
        given = false;
      },
      setConsentGiven() {
        given = true;
        for (const fields of waiting.splice(0)) send(fields);
      },
      forgetConsentGiven() {
        this.deleteCookies();
        this.requireConsent();
      },
      trackPageView(title = document.title) {
        request({ action_name: title });
      },
      trackEvent(category, action, name = '', value = '') {
        request({ e_c: category, e_a: action, e_n: name, e_v: value });
      },
      enableLinkTracking() {
        document.addEventListener('click', ({ target }) => {
          const link = target instanceof Element && target.closest('a[href^="http"]');
          if (link && link.host !== location.host) request({ link: link.href });
        });
      },
      enableHeartBeatTimer(seconds = 15) {
        this.disableHeartBeatTimer();
        heartBeat = setInterval(() => request({ ping: 1 }), seconds * 1000);
      },
      disableHeartBeatTimer() {
        clearInterval(heartBeat);
      },
      disableCookies() {
        stores = false;
        this.deleteCookies();
      },
      deleteCookies() {
        for (const name of ['id', 'ses', 'ref']) keep(`_pk_${name}.${siteId}.demo`, '', 0);
      },
    };
  }

  function randomHex() {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  function keep(name, value, seconds) {
    document.cookie = `${name}=${value}; Max-Age=${seconds}; Path=/; SameSite=Lax`;
  }

  const main = newTracker();
  function run(command) {
    const [name, ...rest] = [command].flat();
    if (typeof name === 'function') name.apply(main, rest);
    else if (main[name]) main[name](...rest);
    else console.warn(`The method '${name}' was not found in "_paq" variable.`);
  }

  const queue = Array.isArray(window._paq) ? window._paq : [];
  for (const name of FIRST) queue.filter((command) => command[0] === name).forEach(run);
  queue.filter((command) => !FIRST.includes(command[0])).forEach(run);
  window._paq = {
    push(...commands) {
      commands.forEach(run);
    },
  };
  window.Matomo = window.Piwik = { getTracker: newTracker, getAsyncTracker: () => main };
})();
