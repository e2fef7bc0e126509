import { readFileSync } from 'node:fs'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'

let ready = false

/** What the QR codes in a picture say, read by a decoder that is not ours. */
export async function readQr(picture: Uint8Array): Promise<string[]> {
  if (!ready) {
    const wasmBinary = Uint8Array.from(readFileSync('node_modules/zxing-wasm/dist/reader/zxing_reader.wasm')).buffer
    await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
    ready = true
  }
  const found = await readBarcodes(new Uint8Array(picture), { formats: ['QRCode'], tryHarder: true })
  return found.filter(({ isValid }) => isValid).map(({ text }) => text)
}
