// Stands in for an advertiser's script: it writes an offer into the page, for a visitor who agreed to that.
(() => {
  const place = document.getElementById('for-you');
  if (!place) return;
  const offer = document.createElement('p');
  offer.className = 'offer';
  offer.textContent =
    document.documentElement.lang === 'en'
      ? 'Recommended for you: your first year of .no at half price.'
      : 'Anbefalt for deg: det første året med .no til halv pris.';
  place.replaceChildren(offer);
})();
