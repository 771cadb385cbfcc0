import type { ProjectCopy } from '../../project-copy.ts'

/** One place of the code, made wrong. */
export interface Edit {
  readonly file: string
  /** Stands in the file once. */
  readonly find: string
  readonly replace: string
}

/** A fault that the simulation has to find. */
export interface Break {
  readonly name: string
  readonly edits: readonly Edit[]
}

/** Throws where a text to be replaced is not there, or not once: then the break is to be mended. */
export async function plant(copy: ProjectCopy, { name, edits }: Break): Promise<void> {
  for (const { file, find, replace } of edits) {
    await copy.change(file, (text) => {
      const count = text.split(find).length - 1
      if (count === 1) return text.replace(find, () => replace)
      throw new Error(`break "${name}": ${file} has its text ${count} times, not once: ${find}`)
    })
  }
}
