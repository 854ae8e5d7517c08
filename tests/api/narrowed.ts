// The description as it holds for one site: what every site has in its own words (its key, origins, notices and purposes) becomes what
// the site of site.toml has. So a request that fits it has to be taken, and one that does not has to be refused.

/** JSON of which nothing is known beforehand. */
// biome-ignore lint/suspicious/noExplicitAny: a document is walked by its own names.
type Json = any;

export interface Known {
  /** The one answer of the visitor whose capability is sent, until they are forgotten. */
  readonly answer: string;
  /** The hashes of the site's script, and of the panel that it loads. */
  readonly script: string;
  readonly panel: string;
  /** A visitor who stays, and their one answer. */
  readonly staying: { readonly visitor: string; readonly consent: string };
  /** Of somebody who is logged in: what their page came with, and what it was given for that. */
  readonly login: { readonly token: string; readonly session: string };
}

export function narrowed(document: Json, known: Known): Json {
  const { schemas, parameters } = document.components;
  parameters.site.schema = { const: 'shop' };
  parameters.origin.schema = { enum: ['https://www.example.no', 'https://m.example.no'] };

  schemas.Choice = {
    type: 'object',
    required: ['analytics', 'advertising'],
    additionalProperties: false,
    properties: { analytics: granted(), advertising: granted(), ga: granted() },
  };
  for (const schema of Object.values<Json>(schemas)) {
    const { properties } = schema;
    if (schema.additionalProperties !== false || !properties) continue;
    if (properties.notice)
      properties.notice = properties.notice.type?.includes('null') ? { enum: [1, null] } : { const: 1 };
    // The page may be in any language when it asks what an account chose.
    if (properties.language && schema !== schemas.Login) properties.language = { enum: ['nb', 'en', null] };
    if (properties.variant) properties.variant = { type: 'null' };
  }
  // A signal of the browser denies everything, which a schema can say only at great length.
  for (const schema of [schemas.NewConsent, schemas.NewAnswer])
    schema.properties.method = { enum: ['accept_all', 'reject_all', 'save', 'api'] };
  // Whatever was answered before was somebody else's.
  schemas.NewConsent.properties.previous = { type: 'null' };
  schemas.NewLink.properties = ids(known);
  schemas.NewLink.properties.to = { const: 'https://m.example.no' };
  schemas.WhoseReceipt.properties = ids(known);
  schemas.Login.properties.token = { const: known.login.token };
  schemas.NewAnswer.properties.session = { const: known.login.session };
  // Nobody listens there, so that nothing is sent to anybody.
  schemas.NewWebhook.properties.url = { const: 'https://127.0.0.1:9/hook' };
  schemas.NewReport.properties.service = { enum: ['ga4', 'matomo'] };

  // A key belongs to one request, and whoever makes up requests makes up the same key for several.
  const once = '#/components/parameters/once';
  for (const operation of Object.values<Json>(document.paths).flatMap((path) => Object.values<Json>(path))) {
    if (!operation.parameters) continue;
    operation.parameters = operation.parameters.filter((parameter: Json) => parameter.$ref !== once);
  }
  // The client proves who it is in the header, and asks for what there is.
  for (const schema of [schemas.TokenRequest, schemas.Revocation]) {
    delete schema.properties.client_id;
    delete schema.properties.client_secret;
  }
  schemas.TokenRequest.properties.scope = { enum: ['people:read', 'people:read erase'] };

  const of = (path: string, verb: string, name: string): Json =>
    document.paths[path][verb].parameters.find((parameter: Json) => parameter.name === name);
  const site = '/v1/sites/{site}';
  of(`${site}/links`, 'post', 'Origin').schema = { const: 'https://www.example.no' };
  of(`${site}/links/redeem`, 'post', 'Origin').schema = { const: 'https://m.example.no' };
  for (const path of [`${site}/notice`, `${site}/preview`]) drop(document.paths[path].get, 'variant');
  of(`${site}/banner.{hash}.js`, 'get', 'hash').schema = { const: known.script };
  of('/v1/{module}.{hash}.js', 'get', 'module').schema = { const: 'panel' };
  of('/v1/{module}.{hash}.js', 'get', 'hash').schema = { const: known.panel };
  of(`${site}/preview`, 'get', 'notice').schema = { const: 1 };
  // A cursor is made of what happened, and waiting takes its time.
  for (const name of ['after', 'wait']) drop(document.paths[`${site}/changes`].get, name);
  // Nor does a first day go with any last one.
  for (const name of ['from', 'to']) drop(document.paths[`${site}/stats`].get, name);
  // A place goes with a layout, and the site has a bar.
  of(`${site}/preview`, 'get', 'layout').schema = { const: 'bar' };
  of(`${site}/preview`, 'get', 'position').schema = { enum: ['bottom', 'top'] };
  of(`${site}/visitors/me/receipts/{id}`, 'get', 'id').schema = { const: known.answer };
  of(`${site}/consents`, 'get', 'notice').schema = { const: 1 };
  of(`${site}/consents`, 'get', 'language').schema = { enum: ['nb', 'en'] };
  // A place in a list is one that an earlier page gave, and whether somebody is reached is asked of a channel.
  for (const path of [`${site}/consents`, `${site}/people`]) drop(document.paths[path].get, 'list-after');
  of(`${site}/people`, 'get', 'channel').required = true;
  of('/ledger/consistency', 'get', 'from').schema = { const: 1 };
  of('/ledger/consistency', 'get', 'to').schema = { type: 'integer', minimum: 1, maximum: 2 };
  return document;
}

function granted(): Json {
  return { enum: ['granted', 'denied'] };
}

function ids(known: Known): Json {
  return { visitor: { const: known.staying.visitor }, consent: { const: known.staying.consent } };
}

function drop(operation: Json, name: string): void {
  const reference = `#/components/parameters/${name}`;
  const others = (parameter: Json) => parameter.name !== name && parameter.$ref !== reference;
  operation.parameters = operation.parameters.filter(others);
}
