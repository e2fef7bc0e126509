/** A photo or a voice as it is kept: made anew, so that nothing else is in it. */
export interface Attachment {
  mediaType: string
  bytes: Uint8Array
}

/** Makes a photo or a voice anew. @returns undefined of what is neither, or cannot be read whole */
export type Redraw = (bytes: Uint8Array) => Promise<Attachment | undefined>
