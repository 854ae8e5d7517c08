// Shows every layout of the panel in a frame of its own.

const LAYOUTS = [
  ['bar', 'bottom'],
  ['bar', 'top'],
  ['box', 'start'],
  ['box', 'end'],
  ['centred', ''],
];
const form = document.querySelector('#wish');
const gallery = document.querySelector('#gallery');

for (const language of ['nb', 'en', 'ar']) form.elements.lang.append(new Option(language, language));

function figure(layout, position, theme, device) {
  const wish = new URLSearchParams(new FormData(form));
  wish.set('layout', layout);
  if (position) wish.set('position', position);
  wish.set('theme', theme);
  const address = `/v1/sites/shop/preview?${wish}`;
  const name = [layout, position, theme, device].filter(Boolean).join(', ');

  const link = Object.assign(document.createElement('a'), { href: address, textContent: name });
  const caption = document.createElement('figcaption');
  caption.append(link);
  const frame = Object.assign(document.createElement('iframe'), { src: address, title: name, loading: 'lazy', tabIndex: -1 });
  const screen = Object.assign(document.createElement('div'), { className: `screen ${device}` });
  screen.append(frame);
  const made = document.createElement('figure');
  made.append(caption, screen);
  return made;
}

function show() {
  const all = ['desktop', 'phone'].flatMap((device) =>
    ['light', 'dark'].flatMap((theme) =>
      LAYOUTS.map(([layout, position]) => figure(layout, position, theme, device)),
    ),
  );
  gallery.replaceChildren(...all);
}

form.addEventListener('change', show);
show();
