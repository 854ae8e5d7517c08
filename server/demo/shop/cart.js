// The cart, which tells the tags what was chosen, if it may.

import { t } from './texts.js';

document.addEventListener('click', ({ target }) => {
  const plan = target instanceof Element && target.closest('[data-plan]')?.dataset.plan;
  if (!plan) return;
  document.getElementById('cart').textContent = t.chosen(plan);
  if (!window.samtykke?.granted('analytics')) return;
  gtag('event', 'add_to_cart', { item: plan });
  window._paq?.push(['trackEvent', 'Shop', 'add_to_cart', plan]);
});

function gtag() {
  // Google's tag takes only an arguments object for a command.
  window.dataLayer.push(arguments);
}
