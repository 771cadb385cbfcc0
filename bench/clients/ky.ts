import ky from 'ky'
import { type Load, loops } from './job.ts'

/** Stands on Node's own fetch. */
export const request: Load = async (job, meter) => {
  const url = job.origin + job.path
  const text = async (): Promise<number> => (await ky.get(url).text()).length
  const bytes = async (): Promise<number> => (await ky.get(url).arrayBuffer()).byteLength
  await loops(job, meter, job.as === 'text' ? text : bytes)
}
