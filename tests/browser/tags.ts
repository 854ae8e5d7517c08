/** The tags of the shop: scripts, collectors and what stands in the page. */
export const TAGS = /\/demo\/(ga\/|matomo\/|piwik\/|pixel\.gif|video\.html|retarget\.js)/;
