import { type Load, loops } from './job.ts'

/** Node's own fetch. It cannot be told how many connections to open. */
export const fetch: Load = async (job, meter) => {
  const url = job.origin + job.path
  const text = async (): Promise<number> => (await (await globalThis.fetch(url)).text()).length
  const bytes = async (): Promise<number> => (await (await globalThis.fetch(url)).arrayBuffer()).byteLength
  await loops(job, meter, job.as === 'text' ? text : bytes)
}
