// A tenant made of npm's `oidc-provider`, with Entra's paths, on HTTPS and loopback.
//
// oidc-provider decides about client authentication, signatures, `exp`, `nbf`, `iss`, `sub`, `jti`
// and app tokens. Ours, because it has no such thing: Entra's rules for thumbprints and scopes, the
// on-behalf-of grant (its JWT check is jose's) and a door where tests fetch a user's token.
// Run with the path of a registrations file; prints {"port": ...} when ready, ends with its stdin.
import { X509Certificate, createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import * as jose from 'jose';
import { Provider, errors } from 'oidc-provider';

console.info = console.error; // standard output is for the one line
console.log = console.error;

const registered = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const LIFETIME = 3599;
const SKEW = 5;
const ORDINARY = new Set(['openid', 'profile', 'email', 'offline_access']);
const certificates = new Map(
  registered.clients.map((entry) => [
    entry.client_id,
    (entry.certificates ?? []).map((pem) => new X509Certificate(pem)),
  ]),
);
const chainRequired = new Set(
  registered.clients.filter((entry) => entry.chain_required).map((entry) => entry.client_id),
);
const signing = generateKeyPairSync('rsa', { modulusLength: 2048 });

// --- Entra's rules --------------------------------------------------------------------------

function resourceOf(scope, { application }) {
  const scopes = (scope ?? '').split(' ').filter((one) => one && (application || !ORDINARY.has(one)));
  const resources = new Set(scopes.map((one) => one.slice(0, one.lastIndexOf('/'))));
  if (application && !(scopes.length === 1 && scopes[0].endsWith('/.default'))) {
    throw new errors.InvalidScope('AADSTS1002012: one scope, ending in /.default', scope);
  }
  const [resource] = resources;
  if (resources.size !== 1 || !registered.resources.includes(resource)) {
    throw new errors.InvalidScope('AADSTS70011: not the scopes of one known resource', scope);
  }
  return resource;
}

function resourceServer(resource) {
  const scopes = ['.default', 'read', 'write'].map((name) => `${resource}/${name}`);
  return {
    audience: resource,
    scope: scopes.join(' '),
    accessTokenTTL: LIFETIME,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'RS256' } },
  };
}

function namedCertificate(clientId, header) {
  for (const [member, digest] of [['x5t', 'sha1'], ['x5t#S256', 'sha256']]) {
    const thumbprint = header[member]?.replace(/=+$/, '');
    const found = certificates
      .get(clientId)
      .find((one) => createHash(digest).update(one.raw).digest('base64url') === thumbprint);
    if (found) return found;
  }
  throw new errors.InvalidClientAuth('AADSTS700027: no registered certificate is named');
}

function checkChain(clientId, leaf, x5c = []) {
  const chain = x5c.map((der) => new X509Certificate(Buffer.from(der, 'base64')));
  if (chain.length && !chain[0].raw.equals(leaf.raw)) {
    throw new errors.InvalidClientAuth('AADSTS700027: x5c starts with another certificate');
  }
  if (chainRequired.has(clientId) && chain.length < 2) {
    throw new errors.InvalidClientAuth('AADSTS700027: x5c lacks who issued the certificate');
  }
  chain.slice(1).forEach((issuer, index) => {
    if (!chain[index].checkIssued(issuer) || !chain[index].verify(issuer.publicKey)) {
      throw new errors.InvalidClientAuth('AADSTS700027: x5c is no chain');
    }
  });
}

// Any registered key has verified the signature by now; it must also be the one that is named.
async function checkHeader(ctx, claims, header, client) {
  const leaf = namedCertificate(client.clientId, header);
  checkChain(client.clientId, leaf, header.x5c);
  await jose.compactVerify(ctx.oidc.params.client_assertion, leaf.publicKey).catch((cause) => {
    throw new errors.InvalidClientAuth('AADSTS50013: not the named certificate\'s key', { cause });
  });
  if (claims.aud !== ctx.oidc.urlFor('token')) {
    throw new errors.InvalidClientAuth('AADSTS50013: aud is not the token endpoint');
  }
}

// --- on-behalf-of, and the users' tokens it starts from ----------------------------------------

async function userOf(assertion, issuer, clientId) {
  const expected = { issuer, audience: `api://${clientId}`, algorithms: ['RS256'] };
  const checks = { ...expected, requiredClaims: ['exp', 'sub'], clockTolerance: SKEW };
  try {
    const { payload } = await jose.jwtVerify(assertion ?? '', signing.publicKey, checks);
    if (registered.users.includes(payload.sub)) return payload.sub;
  } catch (cause) {
    throw new errors.InvalidGrant(`AADSTS50013: ${cause.message}`, { cause });
  }
  throw new errors.InvalidGrant('AADSTS50013: the assertion is no user\'s');
}

async function onBehalfOf(ctx) {
  const { client, params, provider } = ctx.oidc;
  if (params.requested_token_use !== 'on_behalf_of') {
    throw new errors.InvalidRequest('AADSTS900144: requested_token_use is missing');
  }
  const accountId = await userOf(params.assertion, provider.issuer, client.clientId);
  const resource = resourceOf(params.scope, { application: false });
  const token = new provider.AccessToken({ accountId, client, grantId: randomUUID() });
  token.resourceServer = new provider.ResourceServer(resource, resourceServer(resource));
  token.scope = params.scope.split(' ').filter((one) => !ORDINARY.has(one)).join(' ');
  ctx.oidc.entity('AccessToken', token);
  const home = { uid: accountId, utid: registered.tenant };
  ctx.body = {
    token_type: 'Bearer',
    scope: token.scope,
    expires_in: LIFETIME,
    ext_expires_in: LIFETIME,
    access_token: await token.save(),
    refresh_token: randomUUID(),
    client_info: Buffer.from(JSON.stringify(home)).toString('base64url'),
  };
}

async function userToken(request, response, issuer) {
  const form = new URLSearchParams(await text(request));
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: form.get('user'), aud: form.get('audience'), iss: issuer, jti: randomUUID() };
  const token = await new jose.SignJWT({ ...claims, iat: now, exp: now + Number(form.get('expires_in')) })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(signing.privateKey);
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ access_token: token }));
}

// --- the server ----------------------------------------------------------------------------------

function clientMetadata({ client_id, secret }) {
  const grants = { grant_types: ['client_credentials', JWT_BEARER], response_types: [], redirect_uris: [] };
  if (secret) {
    return { client_id, client_secret: secret, token_endpoint_auth_method: 'client_secret_post', ...grants };
  }
  const keys = certificates.get(client_id).map((one) => one.publicKey.export({ format: 'jwk' }));
  return { client_id, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys }, ...grants };
}

function makeProvider(issuer, prefix) {
  const provider = new Provider(issuer, {
    clients: registered.clients.map(clientMetadata),
    jwks: { keys: [{ ...signing.privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
    clientAuthMethods: ['client_secret_post', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS256', 'PS256'] },
    clockTolerance: SKEW,
    cookies: { keys: [randomUUID()] },
    routes: {
      token: `${prefix}/oauth2/v2.0/token`,
      authorization: `${prefix}/oauth2/v2.0/authorize`,
      jwks: `${prefix}/discovery/v2.0/keys`,
    },
    ttl: { AccessToken: LIFETIME, ClientCredentials: LIFETIME },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx) => resourceOf(ctx.oidc.params.scope, { application: true }),
        getResourceServerInfo: (_ctx, resource) => resourceServer(resource),
      },
    },
    assertJwtClientAuthClaimsAndHeader: checkHeader,
  });
  const parameters = ['assertion', 'scope', 'requested_token_use'];
  provider.registerGrantType(JWT_BEARER, onBehalfOf, parameters);
  provider.on('grant.error', (ctx, error) => {
    ctx.state.reason = [error.error_detail, error.error_description, error.cause].filter(Boolean).join('; ');
  });
  provider.use(async (ctx, next) => {
    const path = ctx.req.arrivedAt;
    await next();
    note(path, ctx);
  });
  return provider;
}

function note(path, ctx) {
  const form = ctx.oidc?.body ?? {};
  appendFileSync(registered.log, `${JSON.stringify({
    path,
    status: ctx.status,
    client_id: form.client_id,
    grant_type: form.grant_type,
    scope: form.scope,
    claims: form.claims,
    error: ctx.body?.error,
    reason: ctx.state.reason,
    assertion: form.client_assertion ? jose.decodeProtectedHeader(form.client_assertion) : {},
  })}\n`);
}

const server = createServer({
  cert: readFileSync(registered.server_certificate),
  key: readFileSync(registered.server_key),
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const prefix = `/${registered.tenant}`;
  const issuer = `https://localhost:${port}${prefix}/v2.0`;
  const answer = makeProvider(issuer, prefix).callback();
  server.on('request', (request, response) => {
    if (request.url === '/_test/user_token') {
      userToken(request, response, issuer);
      return;
    }
    request.arrivedAt = request.url;
    request.url = request.url.replace(`${prefix}/v2.0/.well-known/`, '/.well-known/');
    answer(request, response);
  });
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
