// Fetches the panel and the notice, only when somebody is to see them.

import type { Config } from './config.js';
import type { Gate, Layer, Notice, PanelModule } from './notice.js';
import { base } from './own.js';

export function panelOf(gate: Gate, { site, panel }: Config): (layer: Layer) => void {
  let loading: Promise<[PanelModule, Notice]> | undefined;
  let attempts = 0;
  let wanted: Layer;

  async function load(): Promise<[PanelModule, Notice]> {
    if (document.readyState === 'loading') {
      await new Promise((done) => document.addEventListener('DOMContentLoaded', done));
    }
    // Some browsers remember that a module failed to load; another fragment makes them ask again.
    return Promise.all([import(`${base}/v1/panel.${panel}.js#${++attempts}`), fetchNotice(site)]);
  }

  async function show() {
    const layer = wanted;
    try {
      loading ??= load();
      const [module, notice] = await loading;
      if (layer === 2 || !gate.choice()) module.open(gate, notice, layer);
    } catch (error) {
      loading = undefined;
      if (attempts === 1) console.warn('samtykke', error);
      addEventListener('online', show, { once: true });
    }
  }

  return (layer) => {
    wanted = layer;
    show();
  };
}

async function fetchNotice(site: string): Promise<Notice> {
  const { lang } = document.documentElement;
  const query = lang && `?lang=${encodeURIComponent(lang)}`;
  const answer = await fetch(`${base}/v1/sites/${site}/notice${query}`, { credentials: 'omit' });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}
