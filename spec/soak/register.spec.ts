import { expect, it } from 'vitest'
import { Register } from './register.ts'

function note(register: Register, method: string, path: string, fields: Record<string, string>): void {
  register.note(method, 'http://t1.soak.test:80', path, (name) => fields[name])
}

it('notices a POST that comes twice, and no GET', () => {
  const register = new Register()
  for (const call of ['1', '2', '1']) {
    note(register, 'POST', '/form', { 'x-call': call })
    note(register, 'GET', '/form', { 'x-call': call })
  }
  // A redirect with its body leads to another path.
  note(register, 'POST', '/other', { 'x-call': '1' })
  const { requests, posts, postsTwice } = register.report()
  expect({ requests, posts, twice: postsTwice.count }).toEqual({ requests: 7, posts: 4, twice: 1 })
})

it('notices the cookies of another host', () => {
  const register = new Register()
  note(register, 'GET', '/', { cookie: 'n1=t1.soak.test; good=yes' })
  expect(register.report().foreignCookies.count).toBe(0)
  note(register, 'GET', '/', { cookie: 'n1=t1.soak.test; n2=t2.soak.test' })
  note(register, 'GET', '/', { cookie: 'x=1' })
  expect(register.report().foreignCookies.first).toEqual([
    'n2=t2.soak.test at t1.soak.test',
    'x=1 at t1.soak.test',
  ])
})
