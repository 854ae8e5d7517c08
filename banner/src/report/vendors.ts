// What report mode knows of each kind of service; `npm run build` takes it from ../services.

interface Vendor {
  readonly kind: string;
  readonly purpose: string;
  readonly hosts: readonly string[];
  readonly cookies: readonly string[];
}

declare const __SAMTYKKE_VENDORS__: readonly Vendor[];

export const vendors = __SAMTYKKE_VENDORS__;
