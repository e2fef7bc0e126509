import PDFDocument from 'pdfkit'
import { documentFont, ended } from './document-font.ts'
import { facesFor } from './fonts.ts'
import { type TextStyle, type Typesetter, typesetter } from './typeset.ts'

const MARGIN = 56
const WIDTH = 595.28 - 2 * MARGIN
const BOTTOM = 841.89 - MARGIN

export interface Text {
  text: string
  language: string
  strong?: boolean
}

/** A page being written from top to bottom, tagged for screen readers as it goes. */
export interface Sheet {
  heading(level: 1 | 2, texts: readonly Text[]): void
  paragraph(text: Text, style?: Partial<TextStyle>): void
  /** A name and its value, the name in several languages. */
  field(labels: readonly Text[], value: Text): void
  /** A figure drawn at a size, with what it says in words. */
  figure(
    alternative: Text,
    figure: { size: number; draw: (pdf: PDFKit.PDFDocument, x: number, y: number) => void; beside: Text[] },
  ): void
  space(points: number): void
  /** Goes on with the next page. */
  page(): void
  /** Room for a signature that covers the whole file. */
  signatureField(name: string, time: Date, reason: string): void
}

export const directionOf = (language: string): 'ltr' | 'rtl' => (/^(ar|he|fa|ur)\b/.test(language) ? 'rtl' : 'ltr')

/**
 * A document in A4 of our own fonts, tagged for screen readers and fit for archives.
 *
 * @returns the file's bytes
 * @see ISO 14289-1 (PDF/UA-1); ISO 19005-2 level A (PDF/A-2a)
 */
export async function printSheet(
  about: { title: string; language: string; author: string; created: Date },
  write: (sheet: Sheet) => void,
): Promise<Buffer> {
  const pdf = new Sheets({
    size: 'A4',
    margin: MARGIN,
    pdfVersion: '1.7',
    subset: 'PDF/A-2a' as never,
    tagged: true,
    lang: about.language,
    displayTitle: true,
    // Without a font of its own the library takes Helvetica, which no archive accepts.
    font: null as never,
    autoFirstPage: true,
    info: { Title: about.title, Author: about.author, CreationDate: about.created, ModDate: about.created },
  })
  const chunks: Buffer[] = []
  pdf.on('data', (chunk: Buffer) => void chunks.push(chunk))
  const done = new Promise<void>((resolve, reject) => pdf.on('end', resolve).on('error', reject))
  ;(pdf as unknown as { appendXML(xml: string): void }).appendXML(UNIVERSAL_ACCESS)
  const root = pdf.struct('Document', { title: about.title, lang: about.language })
  pdf.addStructure(root)
  const faces = await facesFor(wordsOf(write))
  const font = documentFont(pdf)
  write(sheetOn(pdf, root, typesetter(font, faces)))
  root.end()
  font.end()
  pdf.end()
  await done
  return Buffer.concat(chunks)
}

/** The library's own forms need a font of its own; the one field of ours is a seal, and has no words. */
class Sheets extends PDFDocument {
  endAcroForm(): this {
    return this
  }
}

/** Every text that will be written: its fonts are read before anything is drawn. */
function wordsOf(write: (sheet: Sheet) => void): Set<string> {
  const texts = new Set<string>()
  const take = (pieces: readonly Text[]) => {
    for (const { text } of pieces) texts.add(text)
  }
  write({
    heading: (_, pieces) => take(pieces),
    paragraph: (piece) => take([piece]),
    field: (labels, value) => take([...labels, { ...value, text: ` · ${value.text}` }]),
    figure: (_, { beside }) => take(beside),
    space() {},
    page() {},
    signatureField() {},
  })
  return texts
}

function sheetOn(pdf: PDFKit.PDFDocument, root: PDFKit.PDFStructureElement, set: Typesetter): Sheet {
  let y = MARGIN
  const make = (height: number) => {
    if (y + height <= BOTTOM) return
    pdf.addPage()
    y = MARGIN
  }
  const element = (type: string, { text, language }: Text, draw: () => void) =>
    root.add(pdf.struct(type, { lang: language, actual: text }, [draw]))
  const block = (
    type: string,
    piece: Text,
    { box = { x: MARGIN, width: WIDTH }, ...style }: TextStyle & { box?: { x: number; width: number } },
  ) => {
    const styled = { direction: directionOf(piece.language), ...style }
    make(set.height(piece.text, box.width, styled))
    let height = 0
    element(type, piece, () => {
      height = set.write(piece.text, { ...box, y }, styled)
    })
    y += height
  }

  return {
    heading(level, texts) {
      for (const [at, piece] of texts.entries()) {
        const size = at === 0 ? (level === 1 ? 22 : 13) : level === 1 ? 12 : 10
        block(at === 0 ? `H${level}` : 'P', piece, { size, weight: at === 0 ? 700 : 400 })
      }
      y += level === 1 ? 12 : 6
    },
    paragraph(piece, style = {}) {
      block('P', piece, { size: 10, ...style })
      y += 4
    },
    field(labels, value) {
      const box = { x: MARGIN + 190, width: WIDTH - 190 }
      const styled = { size: 12, weight: 700 as const, direction: directionOf(value.language) }
      const label = labels.map(({ text }) => text).join(' · ')
      const first = labels[0]?.language ?? value.language
      const labelStyle = { size: 8.5, direction: directionOf(first) }
      const height = Math.max(set.height(label, 180, labelStyle), set.height(value.text, box.width, styled))
      make(height + 6)
      element('P', { text: label, language: first }, () => {
        set.write(label, { x: MARGIN, y: y + 3, width: 180 }, labelStyle)
      })
      element('P', value, () => {
        set.write(value.text, { ...box, y }, styled)
      })
      y += height + 6
    },
    figure(alternative, { size, draw, beside }) {
      make(size)
      const at = y
      root.add(
        pdf.struct(
          'Figure',
          { alt: alternative.text, lang: alternative.language, bbox: [MARGIN, at, MARGIN + size, at + size] } as never,
          [() => draw(pdf, MARGIN, at)],
        ),
      )
      for (const piece of beside) {
        const box = { x: MARGIN + size + 16, width: WIDTH - size - 16 }
        block('P', piece, { ...(piece.strong ? { size: 13, weight: 700 } : { size: 10 }), box })
        y += 4
      }
      y = Math.max(y, at + size) + 8
    },
    space(points) {
      y += points
    },
    page() {
      pdf.addPage()
      y = MARGIN
    },
    signatureField(name, time, reason) {
      const signature = pdf.ref({
        Type: 'Sig',
        Filter: 'Adobe.PPKLite',
        SubFilter: 'ETSI.CAdES.detached',
        ByteRange: [0, '**********', '**********', '**********'],
        Contents: Buffer.alloc(SIGNATURE_ROOM),
        Name: new String(name),
        Reason: new String(reason),
        M: time,
      })
      ended(signature)
      const widget = pdf.ref({
        Type: 'Annot',
        Subtype: 'Widget',
        FT: 'Sig',
        Rect: [0, 0, 0, 0],
        // Printed, and hidden: nothing to see, nothing a screen reader has to read.
        F: 6,
        T: new String('seal'),
        TU: new String(reason),
        V: signature,
        P: pdf.page.dictionary,
      })
      const page = pdf.page as unknown as { annotations: unknown[] }
      page.annotations.push(widget)
      ended(widget)
      const form = pdf.ref({ Fields: [widget], SigFlags: 3 })
      ended(form)
      const { data } = (pdf as unknown as { _root: { data: object } })._root
      Object.assign(data, { AcroForm: form })
    },
  }
}

/** Bytes kept free for the signature. */
const SIGNATURE_ROOM = 4096

/** Says that the file is PDF/UA-1 too, and what the words for that mean, as archives ask. */
const UNIVERSAL_ACCESS = `
<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" rdf:about=""><pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#" rdf:about="">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>`
