// The pages of a WAL segment (src/include/access/xlog_internal.h, xlogrecord.h; 64-bit little-endian machines).

const longHeader = 40;
const shortHeader = 24;
const recordHeader = 24;
const continues = 0x0001;
const align = (bytes: number): number => (bytes + 7) & ~7;

/** Bytes of a page, as the first page of a segment says; undefined when this is not the first page of one. */
export const pageSize = (head: Buffer): number | undefined => {
  const bytes = head.length < longHeader ? 0 : head.readUInt32LE(36);
  return bytes >= 1024 && bytes <= 65536 && Number.isInteger(Math.log2(bytes)) ? bytes : undefined;
};

/** The position that a page is written for. */
export const pageAddress = (page: Buffer): bigint => page.readBigUInt64LE(8);

/**
 * Looks for the record of a switch (RM_XLOG_ID, XLOG_SWITCH): after it nothing of a segment means anything, and what lies there is zeros
 * where it was written, and on a standby that was not sent them what a recycled file had. Give it the pages of a segment in order.
 */
export class SwitchFinder {
  /** First bytes of a record whose header goes on in the next page. */
  #head = Buffer.alloc(0);
  #offset = 0;
  #address: bigint | undefined;

  /**
   * A number is the offset in the segment where the switch ends; 'nothing' when no record can follow; undefined when the next page must
   * tell.
   */
  feed(page: Buffer): number | 'nothing' | undefined {
    const first = this.#address === undefined;
    if (!first && pageAddress(page) !== this.#address) return 'nothing';
    this.#address = pageAddress(page) + BigInt(page.length);
    const start = this.#offset;
    this.#offset += page.length;
    return this.#records(page, this.#begin(page, first ? longHeader : shortHeader), start);
  }

  /** Where the first record of a page begins, or its header goes on; the page's end, or beyond, when all of it belongs to one before. */
  #begin(page: Buffer, header: number): number {
    const goesOn = (page.readUInt16LE(2) & continues) !== 0;
    // A record that its writer could not finish has no continuation, and is not read.
    if (!goesOn) this.#head = Buffer.alloc(0);
    return goesOn && this.#head.length === 0 ? header + align(page.readUInt32LE(16)) : header;
  }

  #records(page: Buffer, from: number, start: number): number | 'nothing' | undefined {
    for (let at = from; at < page.length;) {
      const header = Buffer.concat([this.#head, page.subarray(at, at + recordHeader - this.#head.length)]);
      if (header.length < recordHeader) {
        this.#head = header;
        return undefined;
      }
      const length = header.readUInt32LE(0);
      if (length < recordHeader) return 'nothing';
      const rest = align(length - this.#head.length);
      this.#head = Buffer.alloc(0);
      const isSwitch = header.readUInt8(17) === 0 && (header.readUInt8(16) & 0xf0) === 0x40;
      if (isSwitch) return start + at + rest;
      at += rest;
    }
    return undefined;
  }
}
