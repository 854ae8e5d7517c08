// While a layer covers the bottom, the page can be scrolled by as much further, so that nothing in it stays hidden behind.

/** Both keep clear of the layer: what the visitor tabs to, and the end of the page. Neither moves what is there. */
const PROPERTIES = ['scroll-padding-bottom', 'padding-bottom'];

/** Answers with what ends it. */
export function makeRoom(layer: HTMLElement): () => void {
  const { style } = document.documentElement;
  const before = PROPERTIES.map((property) => style.getPropertyValue(property));
  const observer = new ResizeObserver(() => {
    for (const property of PROPERTIES) style.setProperty(property, `${layer.offsetHeight}px`);
  });
  observer.observe(layer);
  return () => {
    observer.disconnect();
    for (const [at, property] of PROPERTIES.entries()) style.setProperty(property, before[at] ?? '');
  };
}
