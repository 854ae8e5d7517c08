/** Keeps what the visitor tabs to from hiding behind a layer at the bottom; answers with what ends it. */
export function makeRoom(layer: HTMLElement): () => void {
  const { style } = document.documentElement;
  const property = 'scroll-padding-bottom';
  const before = style.getPropertyValue(property);
  const observer = new ResizeObserver(() => style.setProperty(property, `${layer.offsetHeight}px`));
  observer.observe(layer);
  return () => {
    observer.disconnect();
    style.setProperty(property, before);
  };
}
