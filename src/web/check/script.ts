import { asset, JAVASCRIPT } from '../ui/assets.ts'
import code from './check.client.ts?script'

export const checkScript = asset('/assets/check.js', code, JAVASCRIPT)
