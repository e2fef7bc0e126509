import { EM } from './fonts.ts'
import { isMark, type Piece } from './shape.ts'
import { ASCENT, DESCENT, type Outline, trueType } from './truetype.ts'

/** The one font of a document: every piece of text that is drawn in it, of whatever script, and what it says. */
export interface DocumentFont {
  /** Writes pieces from a place on, left to right. Coordinates from the top left, points. */
  draw(pieces: readonly Piece[], at: { x: number; baseline: number; size: number }): void
  /** To be called once, when everything is drawn. */
  end(): void
}

const ID = 'F1'
const NAME = 'PADRON+NotoSans'
const MISSING: Outline = { advance: 0, path: [] }

/** @see ISO 32000-1, 9.7 (composite fonts) and 9.10.3 (what glyphs say) */
export function documentFont(pdf: PDFKit.PDFDocument): DocumentFont {
  const font = pdf.ref({})
  const codes = new Map<string, number>()
  const pieces: Piece[] = []
  const codeOf = (piece: Piece) => {
    const known = codes.get(piece.key)
    if (known !== undefined) return known
    pieces.push(piece)
    codes.set(piece.key, pieces.length)
    return pieces.length
  }

  return {
    draw(line, { x, baseline, size }) {
      // What a page uses is kept by the library under this name, which its types do not say.
      const page = pdf.page as unknown as { fonts: Record<string, unknown>; height: number }
      page.fonts[ID] = font
      const content = pdf as unknown as { addContent(operators: string): void }
      const show = (some: readonly Piece[]) => {
        const shown = some.map((piece) => codeOf(piece).toString(16).padStart(4, '0')).join('')
        content.addContent(`BT /${ID} ${figure(size)} Tf 1 0 0 1 ${figure(x)} ${figure(page.height - baseline)} Tm`)
        content.addContent(`<${shown}> Tj ET`)
      }
      // From right to left the marks of the last letter come first, where readers would take them for the line before.
      const first = line.findIndex((piece) => !isMark(piece))
      pdf.save()
      pdf.transform(1, 0, 0, -1, 0, page.height)
      show(line.slice(Math.max(first, 0)))
      for (const mark of line.slice(0, Math.max(first, 0)).reverse()) {
        content.addContent('/Span BMC')
        show([mark])
        content.addContent('EMC')
      }
      pdf.restore()
    },
    end() {
      const file = pdf.ref({})
      file.end(trueType([MISSING, ...pieces.map(outlineOf)]))
      const descriptor = pdf.ref({
        Type: 'FontDescriptor',
        FontName: NAME,
        Flags: 4,
        FontBBox: [-1000, DESCENT * 1000, 3000, ASCENT * 1000],
        ItalicAngle: 0,
        Ascent: ASCENT * 1000,
        Descent: DESCENT * 1000,
        CapHeight: 714,
        XHeight: 536,
        StemV: 80,
        FontFile2: file,
      })
      ended(descriptor)
      const outlines = pdf.ref({
        Type: 'Font',
        Subtype: 'CIDFontType2',
        BaseFont: NAME,
        CIDSystemInfo: { Registry: new String('Adobe'), Ordering: new String('Identity'), Supplement: 0 },
        FontDescriptor: descriptor,
        W: [0, [0, ...pieces.map(({ advance }) => Math.round(advance * EM) / (EM / 1000))]],
        CIDToGIDMap: 'Identity',
      })
      ended(outlines)
      const says = pdf.ref({})
      says.end(Buffer.from(toUnicode(pieces.map(({ text }) => text)), 'latin1'))
      Object.assign((font as unknown as { data: object }).data, {
        Type: 'Font',
        Subtype: 'Type0',
        BaseFont: NAME,
        Encoding: 'Identity-H',
        DescendantFonts: [outlines],
        ToUnicode: says,
      })
      ended(font)
    },
  }
}

/** Ends an object that is a dictionary and nothing else: given anything at all, even `{}`, it would become a stream. */
export function ended(object: object): void {
  ;(object as { end(): void }).end()
}

const figure = (value: number) => String(Math.round(value * 1000) / 1000)

function outlineOf({ advance, parts, face, weight }: Piece): Outline {
  const font = face.weight(weight)
  const path = parts.flatMap(({ id, x, y }) =>
    font.glyphToJson(id).map(({ type, values }) => ({
      type,
      values: values.map((value, at) => value + (at % 2 === 0 ? x : y)),
    })),
  )
  return { advance: advance * EM, path }
}

/** Most that one list of such a map may hold. */
const LIST = 100

function toUnicode(texts: readonly string[]): string {
  const hex = (text: string) => Buffer.from(text, 'utf16le').swap16().toString('hex')
  const entries = texts.map((text, at) => `<${(at + 1).toString(16).padStart(4, '0')}> <${hex(text)}>`)
  const lists: string[] = []
  for (let at = 0; at < entries.length; at += LIST) {
    const list = entries.slice(at, at + LIST)
    lists.push(`${list.length} beginbfchar\n${list.join('\n')}\nendbfchar`)
  }
  return `/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange
${lists.join('\n')}
endcmap
CMapName currentdict /CMap defineresource pop
end
end`
}
