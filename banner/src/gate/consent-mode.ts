// Google Consent Mode v2: denied until the visitor says otherwise, and always the full set, since an update that leaves
// types out is a known way to lose them.

declare global {
  interface Window {
    dataLayer?: object[];
  }
}

/** A command to Google's tags. No `gtag` global is made; the page may have its own. */
export const gtag: Gtag.Gtag = function () {
  // biome-ignore lint/complexity/noArguments: the tags tell a command from an event by its being an arguments object
  push(arguments);
};

export function push(entry: object): void {
  window.dataLayer ||= [];
  window.dataLayer.push(entry);
}

export function setDefaults(): void {
  gtag('consent', 'default', { ...consentTypes(() => false), wait_for_update: 500 });
  gtag('set', 'ads_data_redaction', true);
}

export function update(granted: (purpose: string) => boolean): void {
  gtag('consent', 'update', consentTypes(granted));
}

export function consentTypes(granted: (purpose: string) => boolean): Gtag.ConsentParams {
  const answer = (purpose: string) => (granted(purpose) ? 'granted' : 'denied');
  const advertising = answer('advertising');
  const preferences = answer('preferences');
  return {
    ad_storage: advertising,
    ad_user_data: advertising,
    ad_personalization: advertising,
    analytics_storage: answer('analytics'),
    functionality_storage: preferences,
    personalization_storage: preferences,
    security_storage: 'granted',
  };
}
