//! A zip file with one stored entry: what the diagnosis call hands out.

use axum::body::Bytes;

/// Bytes of content in one part.
const PART: usize = 64 << 10;

/// A zip file, in parts, whose entry begins with `head` and is filled up to `size` bytes.
pub(super) fn file(entry: &str, head: &str, size: usize) -> Vec<Bytes> {
    let size = size.max(head.len());
    let filler = Bytes::from(vec![b'.'; PART]);
    let mut content = vec![Bytes::copy_from_slice(head.as_bytes())];
    let mut left = size - head.len();
    while left > 0 {
        let part = filler.slice(..left.min(PART));
        left -= part.len();
        content.push(part);
    }
    let sum = !content.iter().fold(!0, |sum, part| add(sum, part));
    // The caller's size is an u32, as a zip's are.
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    let about = About { entry, sum, size };
    let local = about.local();
    let offset = u32::try_from(local.len()).unwrap_or_default().saturating_add(size);
    let mut parts = vec![Bytes::from(local)];
    parts.extend(content);
    parts.push(Bytes::from(about.end(offset)));
    parts
}

struct About<'a> {
    entry: &'a str,
    sum: u32,
    size: u32,
}

impl About<'_> {
    /// What is the same in both headers: version, flags, method, time, date, sum, sizes, lengths of name and extra field.
    fn shared(&self) -> Vec<u8> {
        let name = u16::try_from(self.entry.len()).unwrap_or_default();
        let mut bytes = Vec::new();
        for short in [20_u16, 0, 0, 0, 0x21] {
            bytes.extend(short.to_le_bytes());
        }
        for long in [self.sum, self.size, self.size] {
            bytes.extend(long.to_le_bytes());
        }
        for short in [name, 0] {
            bytes.extend(short.to_le_bytes());
        }
        bytes
    }

    fn local(&self) -> Vec<u8> {
        [b"PK\x03\x04".as_slice(), &self.shared(), self.entry.as_bytes()].concat()
    }

    /// The directory and the end record. `offset` is where the directory begins.
    fn end(&self, offset: u32) -> Vec<u8> {
        // Comment length, disk, internal attributes, external ones (4 bytes), offset of the local header (4 bytes).
        let directory =
            [b"PK\x01\x02".as_slice(), &20_u16.to_le_bytes(), &self.shared(), &[0; 14], self.entry.as_bytes()].concat();
        let length = u32::try_from(directory.len()).unwrap_or_default();
        let counts = [0_u16, 0, 1, 1].map(u16::to_le_bytes).concat();
        let rest = [length.to_le_bytes(), offset.to_le_bytes()].concat();
        [&directory, b"PK\x05\x06".as_slice(), &counts, &rest, &[0, 0]].concat()
    }
}

/// CRC-32 as zip has it, over one more part.
fn add(sum: u32, part: &[u8]) -> u32 {
    part.iter().fold(sum, |sum, byte| TABLE[usize::from(sum.to_le_bytes()[0] ^ byte)] ^ (sum >> 8))
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    let mut seed = 0_u32;
    while n < 256 {
        let (mut sum, mut bit) = (seed, 0);
        while bit < 8 {
            sum = if sum & 1 == 1 { 0xEDB8_8320 ^ (sum >> 1) } else { sum >> 1 };
            bit += 1;
        }
        table[n] = sum;
        n += 1;
        seed += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_known_one() {
        assert_eq!(!add(!0, b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn the_parts_fit_together() {
        let whole = file("a.log", "head", 100_000).concat();
        let local = 30 + 5;
        assert_eq!(&whole[..4], b"PK\x03\x04");
        assert_eq!(&whole[30..local + 4], b"a.loghead");
        assert_eq!(&whole[local + 100_000..local + 100_004], b"PK\x01\x02");
        let end = whole.len() - 22;
        assert_eq!(&whole[end..end + 4], b"PK\x05\x06");
        let offset = u32::from_le_bytes(whole[end + 16..end + 20].try_into().unwrap());
        assert_eq!(offset as usize, local + 100_000);
        let length = u32::from_le_bytes(whole[end + 12..end + 16].try_into().unwrap());
        assert_eq!(offset as usize + length as usize, end);
    }
}
