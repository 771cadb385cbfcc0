import { Option } from 'commander'

/** An option that may come several times; its parser gathers the values. Completion offers it again. */
export class RepeatableOption extends Option {}
