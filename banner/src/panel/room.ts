// While a layer covers an edge of the page, the page can be scrolled by as much further, so that nothing in it stays hidden behind.

/** Both keep clear of the layer: what the visitor tabs to, and the end of the page. Neither moves what is there. */
const PROPERTIES = ['scroll-padding-top', 'scroll-padding-bottom', 'padding-bottom'];
const OPPOSITE: Readonly<Record<string, string>> = { top: 'bottom', bottom: 'top', start: 'end', end: 'start' };

/** Answers with what ends it. */
export function makeRoom(layer: HTMLElement): () => void {
  const { style } = document.documentElement;
  const before = PROPERTIES.map((property) => style.getPropertyValue(property));
  const position = () => layer.getAttribute('position') ?? '';
  const isAtTop = () => position() === 'top';
  /** The edge that it leaves alone is as the page has it. */
  const keepClear = () => {
    for (const [at, property] of PROPERTIES.entries()) {
      const isOther = property === `scroll-padding-${isAtTop() ? 'bottom' : 'top'}`;
      style.setProperty(property, isOther ? (before[at] ?? '') : `${layer.offsetHeight}px`);
    }
  };
  const observer = new ResizeObserver(keepClear);
  observer.observe(layer);
  const uncover = ({ target }: Event) => {
    const reached = target as Element;
    // What takes no place itself, such as the element of the panel, lies behind nothing.
    if (!reached.getClientRects().length) return;
    const isHidden = () => {
      const [it, over] = [reached, layer].map((part) => part.getBoundingClientRect()) as [DOMRect, DOMRect];
      return it.top >= over.top && it.bottom <= over.bottom && it.left >= over.left && it.right <= over.right;
    };
    // At the end of what scrolls, and where nothing does, it is the layer that makes way.
    for (const place of [position(), OPPOSITE[position()] ?? '']) {
      if (layer.contains(reached) || !isHidden()) return;
      layer.setAttribute('position', place);
      keepClear();
      reached.scrollIntoView({ block: isAtTop() ? 'end' : 'start' });
    }
  };
  // Browsers scroll to what is reached only after they have told of it.
  const reach = (event: Event) => requestAnimationFrame(() => uncover(event));
  addEventListener('focusin', reach);
  return () => {
    removeEventListener('focusin', reach);
    observer.disconnect();
    for (const [at, property] of PROPERTIES.entries()) style.setProperty(property, before[at] ?? '');
  };
}
