// While a layer covers an edge of the page, the page can be scrolled by as much further, so that nothing in it stays hidden behind.

/** Answers with what ends it. */
export function makeRoom(layer: HTMLElement, edge: string): () => void {
  const { style } = document.documentElement;
  // Both keep clear of the layer: what the visitor tabs to, and the end of the page. Neither moves what is there.
  const properties = [`scroll-padding-${edge}`, 'padding-bottom'];
  const before = properties.map((property) => style.getPropertyValue(property));
  const observer = new ResizeObserver(() => {
    for (const property of properties) style.setProperty(property, `${layer.offsetHeight}px`);
  });
  observer.observe(layer);
  // Where something other than the page itself scrolls.
  const uncover = ({ target }: FocusEvent) => {
    const [it, over] = [target as Element, layer].map((part) => part.getBoundingClientRect()) as [DOMRect, DOMRect];
    const isHidden = it.top >= over.top && it.bottom <= over.bottom && it.left >= over.left && it.right <= over.right;
    if (isHidden && !layer.contains(target as Node)) (target as Element).scrollIntoView({ block: 'center' });
  };
  addEventListener('focusin', uncover);
  return () => {
    removeEventListener('focusin', uncover);
    observer.disconnect();
    for (const [at, property] of properties.entries()) style.setProperty(property, before[at] ?? '');
  };
}
