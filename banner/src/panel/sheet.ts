export function sheetOf(css: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}

/** Every declaration important, so that it wins over those of the page. The style sheet is minified: none ends before a brace. */
export function important(css: string): CSSStyleSheet {
  return sheetOf(css.replace(/([^{}])([;}])/g, '$1!important$2'));
}
