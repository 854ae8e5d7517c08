// While a layer covers an edge of the page, the page can be scrolled by as much further, so that nothing in it stays hidden behind.

const OPPOSITE: Readonly<Record<string, string>> = { top: 'bottom', bottom: 'top', start: 'end', end: 'start' };

/** `edge`: the one that it covers. Answers with what ends it. */
export function makeRoom(layer: HTMLElement, edge: string): () => void {
  const { style } = document.documentElement;
  // Both keep clear of the layer: what the visitor tabs to, and the end of the page. Neither moves what is there.
  const properties = [`scroll-padding-${edge}`, 'padding-bottom'];
  const before = properties.map((property) => style.getPropertyValue(property));
  const observer = new ResizeObserver(() => {
    for (const property of properties) style.setProperty(property, `${layer.offsetHeight}px`);
  });
  observer.observe(layer);
  const uncover = ({ target }: Event) => {
    const reached = target as Element;
    const isHidden = () => {
      const [it, over] = [reached, layer].map((part) => part.getBoundingClientRect()) as [DOMRect, DOMRect];
      return it.top >= over.top && it.bottom <= over.bottom && it.left >= over.left && it.right <= over.right;
    };
    if (layer.contains(reached) || !isHidden()) return;
    reached.scrollIntoView({ block: 'center' });
    // At the end of what scrolls, and where nothing does, it is the layer that makes way.
    if (isHidden()) layer.setAttribute('position', OPPOSITE[layer.getAttribute('position') ?? ''] ?? '');
  };
  addEventListener('focusin', uncover);
  return () => {
    removeEventListener('focusin', uncover);
    observer.disconnect();
    for (const [at, property] of properties.entries()) style.setProperty(property, before[at] ?? '');
  };
}
