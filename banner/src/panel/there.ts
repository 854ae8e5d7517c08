/** Acts once the page has something that this selector finds. */
export function whenThere(selector: string, act: () => void): void {
  const look = () => {
    if (!document.querySelector(selector)) return;
    observer.disconnect();
    act();
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true });
  look();
}
