import { describe, expect, it } from 'vitest'
import type { Authenticator } from '../../../lib/call/auth/authenticator.ts'
import type { CacheStage } from '../../../lib/call/cache-stage.ts'
import { CallHistory } from '../../../lib/call/history.ts'
import { ownFields } from '../../../lib/call/request/own-fields.ts'
import type { PreparedRequest } from '../../../lib/call/request/request.ts'
import { Jar } from '../../../lib/cookies/jar.ts'
import { ArgumentError } from '../../../lib/core/errors.ts'
import { checkMethod, serializeFields } from '../../../lib/http1/request-encoder.ts'
import { madeRequest } from '../made-exchange.ts'

const encoder = { checkMethod, serializeFields }

function withJar(sendsCookies = true): PreparedRequest {
  const jar = new Jar()
  jar.set('a=1; Path=/in', 'http://a.test:8080/')
  return madeRequest({ jar, sendsCookies })
}

function authentic(value: string, asked: unknown[] = []): CallHistory {
  const history = new CallHistory(0)
  const authorization: Authenticator['authorization'] = (...args) => {
    asked.push(args)
    return value
  }
  history.auth = { authorization, prepare: () => null, challenged: () => false }
  return history
}

describe('the fields of one sending', () => {
  it('are none where there is nothing to say', () => {
    expect(ownFields(madeRequest(), '/', null, encoder)).toBe('')
    expect(ownFields(madeRequest(), '/', new CallHistory(0), encoder)).toBe('')
    expect(ownFields(withJar(), '/out', null, encoder)).toBe('')
    expect(ownFields(withJar(false), '/in', null, encoder)).toBe('')
  })

  it('are the cookies of the path', () => {
    expect(ownFields(withJar(), '/in/x', null, encoder)).toBe('Cookie: a=1\r\n')
  })

  it('are the credentials for origin, method and path, which are noted for the answer', () => {
    const asked: unknown[] = []
    const history = authentic('Bearer t', asked)
    expect(ownFields(madeRequest({ method: 'PUT' }), '/p?q', history, encoder)).toBe(
      'Authorization: Bearer t\r\n',
    )
    expect(asked).toEqual([['http://a.test:8080', 'PUT', '/p?q']])
    expect(history.authorization).toBe('Bearer t')
    history.auth!.authorization = () => ''
    expect(ownFields(madeRequest(), '/', history, encoder)).toBe('')
    expect(history.authorization).toBe('')
  })

  it('are the cache’s, which learns that it is being sent, and all of them in order', () => {
    const history = authentic('t')
    let sent = 0
    const stage = {
      onSend: () => void sent++,
      modeFields: 'Pragma: no-cache\r\n',
      conditions: 'If-None-Match: x\r\n',
    }
    history.stage = stage as unknown as CacheStage
    expect(ownFields(withJar(), '/in', history, encoder)).toBe(
      'Cookie: a=1\r\nAuthorization: t\r\nPragma: no-cache\r\nIf-None-Match: x\r\n',
    )
    expect(sent).toBe(1)
  })

  it('pass the serializer: nothing breaks out', () => {
    expect(() => ownFields(madeRequest(), '/', authentic('a\r\nb: c'), encoder)).toThrow(ArgumentError)
  })
})
