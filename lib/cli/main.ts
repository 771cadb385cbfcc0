#!/usr/bin/env node
import { trawl } from './trawl.ts'

process.exitCode = await trawl(process.argv.slice(2), process)
