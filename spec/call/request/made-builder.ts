import { RequestBuilder, type BuilderContext } from '../../../lib/call/request/request.ts'
import type { ClientDefaults } from '../../../lib/call/request/request-options.ts'
import { TlsIdentities } from '../../../lib/call/request/tls-identity.ts'
import { systemClock } from '../../../lib/core/clock.ts'
import { checkMethod, serializeFields } from '../../../lib/http1/request-encoder.ts'
import { Proxies } from '../../../lib/net/proxy-names.ts'

/** A builder as a client makes it: with neither jars nor client IPs, unless they are given. */
export function madeBuilder(
  defaults: ClientDefaults = {},
  parts: Partial<BuilderContext> = {},
): RequestBuilder {
  return new RequestBuilder(defaults, {
    clock: systemClock,
    encoder: { checkMethod, serializeFields },
    identities: new TlsIdentities(),
    proxies: new Proxies(),
    clientIps: null,
    jars: null,
    ...parts,
  })
}
