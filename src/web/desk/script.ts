import { asset, JAVASCRIPT } from '../ui/assets.ts'
import code from './desk.client.ts?script'

export const deskScript = asset('/assets/desk.js', code, JAVASCRIPT)
