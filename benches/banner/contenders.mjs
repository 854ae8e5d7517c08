// The same page, purposes and six tags for everyone, each as its own documentation says, with English texts and one click to
// accept or refuse. Where a peer cannot start a tag by itself, its callback does.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

const PURPOSES = {
  preferences: ['Preferences', 'Remembers what you chose, and shows films and maps.'],
  analytics: ['Analytics', 'Shows us which pages are read, so that we can write better ones.'],
  advertising: ['Advertising', 'Measures whether our advertisements are worth their price.'],
};
const SCRIPTS = { ga: 'analytics', matomo: 'analytics', piwik: 'analytics', chat: 'preferences', map: 'preferences' };
const PIXEL = "new Image().src='/tag/pixel.gif';";
const TITLE = 'Cookies at the shop';
const INTRO =
  'We and our partners store information on your device, if you say yes. You can change your mind at any time, below on every page.';

const addTag = `function addTag(name){var s=document.createElement('script');s.src='/tag/'+name+'.js';document.head.append(s)}`;

/** The folder of a package, which need not export its package.json. */
const folder = (name) => require.resolve.paths(name).map((path) => join(path, name))[0];
const filesOf = (name, paths) =>
  Object.fromEntries(paths.map((path) => [`/peers/${name}/${path}`, join(folder(name), path)]));

const marks = (attributes) =>
  Object.entries(SCRIPTS)
    .map(([name, purpose]) => `<script type="text/plain" ${attributes(name, purpose, `/tag/${name}.js`)}></script>`)
    .join('');

const samtykke = {
  name: 'samtykke',
  files: {},
  head: '<script src="/v1/sites/bench/banner.js"></script>',
  banner: ['samtykke-panel > .first'],
  accept: ['samtykke-panel > .first > button[name=accept_all]'],
  /** Takes the yes back, to see what the gate costs when it has nothing to start. */
  refuse: () => window.samtykke.denyAll(),
};

/** The site file of our own. */
export const site = (origin) => `
id = "bench"
name = "The shop"
controller = "The Shop AS"
origins = ["${origin}"]
languages = ["en"]
default_language = "en"
policy_url = "/privacy"
${Object.keys(PURPOSES)
  .map((id) => `[[purposes]]\nid = "${id}"\n`)
  .join('')}
[[services]]
id = "ga"
kind = "ga4"
purpose = "analytics"
key = "G-BENCH00001"
script_url = "/tag/ga.js"
[[services]]
id = "matomo"
kind = "matomo"
purpose = "analytics"
url = "/tag/"
site_id = 1
[[services]]
id = "piwik"
kind = "piwik"
purpose = "analytics"
url = "/tag/"
site_id = 2
[[services]]
id = "chat"
kind = "script"
purpose = "preferences"
url = "/tag/chat.js"
[[services]]
id = "map"
kind = "script"
purpose = "preferences"
url = "/tag/map.js"
[[services]]
id = "pixel"
kind = "pixel"
purpose = "advertising"
url = "/tag/pixel.gif"
[texts.en]
title = "${TITLE}"
`;

const vanillaConfig = `CookieConsent.run(${JSON.stringify({
  // It takes a driven browser for a bot, and would not ask.
  hideFromBots: false,
  guiOptions: { consentModal: { layout: 'bar inline', position: 'bottom' } },
  categories: {
    necessary: { enabled: true, readOnly: true },
    ...Object.fromEntries(Object.keys(PURPOSES).map((id) => [id, {}])),
  },
  language: {
    default: 'en',
    translations: {
      en: {
        consentModal: {
          title: TITLE,
          description: INTRO,
          acceptAllBtn: 'Accept all',
          acceptNecessaryBtn: 'Reject all',
          showPreferencesBtn: 'Choose',
          footer: '<a href="/privacy">Privacy</a>',
        },
        preferencesModal: {
          title: 'Settings',
          acceptAllBtn: 'Accept all',
          acceptNecessaryBtn: 'Reject all',
          savePreferencesBtn: 'Save',
          closeIconLabel: 'Close',
          sections: Object.entries(PURPOSES).map(([id, [title, description]]) => ({
            title,
            description,
            linkedCategory: id,
          })),
        },
      },
    },
  },
})});`;

const vanilla = {
  name: 'vanilla-cookieconsent',
  files: filesOf('vanilla-cookieconsent', ['dist/cookieconsent.css', 'dist/cookieconsent.umd.js']),
  head: '<link rel="stylesheet" href="/peers/vanilla-cookieconsent/dist/cookieconsent.css">',
  foot: `${marks((_, purpose, src) => `data-category="${purpose}" src="${src}"`)}
    <script type="text/plain" data-category="advertising">${PIXEL}</script>
    <script src="/peers/vanilla-cookieconsent/dist/cookieconsent.umd.js"></script>`,
  config: vanillaConfig,
  banner: ['#cc-main .cm'],
  accept: ['#cc-main .cm [data-role=all]'],
};

// It only asks: starting the tags is the page's own affair.
const osanoConfig = `${addTag}
function start(){if(this.hasConsented()){${JSON.stringify(Object.keys(SCRIPTS))}.forEach(addTag);${PIXEL}}}
window.cookieconsent.initialise(Object.assign(${JSON.stringify({
  type: 'opt-in',
  palette: { popup: { background: '#252e39' }, button: { background: '#14a7d0' } },
  content: { message: INTRO, allow: 'Accept all', deny: 'Reject all', link: 'Privacy', href: '/privacy' },
})},{onInitialise:start,onStatusChange:start}));`;

const osano = {
  name: 'cookieconsent',
  files: filesOf('cookieconsent', ['build/cookieconsent.min.css', 'build/cookieconsent.min.js']),
  head: '<link rel="stylesheet" href="/peers/cookieconsent/build/cookieconsent.min.css">',
  foot: '<script src="/peers/cookieconsent/build/cookieconsent.min.js"></script>',
  config: osanoConfig,
  banner: ['.cc-window'],
  accept: ['.cc-window .cc-allow'],
};

const klaroConfig = `var klaroConfig=${JSON.stringify({
  version: 1,
  lang: 'en',
  acceptAll: true,
  translations: {
    en: {
      consentNotice: { description: INTRO },
      purposes: Object.fromEntries(
        Object.entries(PURPOSES).map(([id, [title, description]]) => [id, { title, description }]),
      ),
    },
  },
  services: Object.entries({ ...SCRIPTS, pixel: 'advertising' }).map(([name, purpose]) => ({
    name,
    title: name,
    purposes: [purpose],
  })),
})};`;

const klaro = {
  name: 'klaro',
  files: filesOf('klaro', ['dist/klaro.js']),
  head: '<script defer data-config="klaroConfig" src="/peers/klaro/dist/klaro.js"></script>',
  foot: `${marks((name, _, src) => `data-type="text/javascript" data-name="${name}" data-src="${src}"`)}
    <script type="text/plain" data-type="text/javascript" data-name="pixel">${PIXEL}</script>`,
  config: klaroConfig,
  banner: ['#klaro .cookie-notice'],
  accept: ['#klaro .cookie-notice .cm-btn-success'],
};

const tarteaucitronConfig = `${addTag}
tarteaucitron.init(${JSON.stringify({
  privacyUrl: '/privacy',
  orientation: 'bottom',
  showAlertSmall: false,
  showIcon: false,
  adblocker: false,
  DenyAllCta: true,
  AcceptAllCta: true,
  highPrivacy: true,
  cookieslist: false,
  mandatory: true,
  googleConsentMode: true,
})});
${JSON.stringify(Object.keys(SCRIPTS).concat('pixel'))}.forEach(function(name){
tarteaucitron.services['bench'+name]={key:'bench'+name,type:'analytic',name:name,needConsent:true,cookies:[],
js:function(){if(name==='pixel'){${PIXEL}}else addTag(name)}};
(tarteaucitron.job=tarteaucitron.job||[]).push('bench'+name)});`;

const tarteaucitron = {
  name: 'tarteaucitronjs',
  files: filesOf('tarteaucitronjs', [
    'tarteaucitron.min.js',
    'tarteaucitron.services.min.js',
    'lang/tarteaucitron.en.min.js',
    'css/tarteaucitron.min.css',
  ]),
  head: '<script src="/peers/tarteaucitronjs/tarteaucitron.min.js"></script>',
  config: tarteaucitronConfig,
  configFirst: true,
  banner: ['#tarteaucitronAlertBig'],
  accept: ['#tarteaucitronPersonalize2'],
};

/** Asks nobody and holds nothing: what a script costs that only looks whether there was an answer. */
const floor = {
  name: 'reading-a-cookie',
  files: { '/peers/floor.js': join(import.meta.dirname, 'floor.js') },
  head: '<script src="/peers/floor.js"></script>',
};

export const contenders = [samtykke, vanilla, osano, klaro, tarteaucitron, floor];

const TEXT = Array.from(
  { length: 40 },
  (_, at) => `<p>${`Paragraph ${at}, which somebody came to read. `.repeat(8)}</p>`,
);

/** The page of a contender: its configuration stands in the page, the tag and the styles where its documentation puts them. */
export function page({ head, foot = '', config = '', configFirst = false }) {
  const inline = config && `<script>${config}</script>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
${head}${configFirst ? inline : ''}
<style>body { max-width: 40rem; margin: 2rem auto; font: 1rem/1.5 sans-serif }</style></head>
<body><h1>A page</h1>${TEXT.join('\n')}
${foot}${configFirst ? '' : inline}</body></html>`;
}
