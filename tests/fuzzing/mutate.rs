//! Mutations of seeds: bytes, words and whole pieces moved about. The same number makes the same input.

use std::ops::Range;

/// Words that open, close or change the meaning of what stands around them.
const WORDS: &[&str] = &[
    "'",
    "\"",
    "`",
    "$$",
    "$a$",
    "(",
    ")",
    "[",
    "]",
    ";",
    "--",
    "/*",
    "*/",
    "/*!99999",
    "\\",
    "{{ x }}",
    "::",
    ":=",
    "NULL",
    "NOT",
    "IF EXISTS",
    "BEGIN",
    "END",
    "COMMIT",
    "CASE WHEN",
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "OR",
    "UNION ALL",
    "DROP TABLE",
    "ALTER TABLE users",
    "ADD COLUMN",
    "CONSTRAINT",
    "CHECK (",
    "PRIMARY KEY",
    "CASCADE",
    "CONCURRENTLY",
    "NOT VALID",
    "DO $$",
    "EXECUTE",
    "users",
    "orders",
    "name",
    "id",
    "\u{0}",
    "\u{feff}",
    "\u{e9}",
    "\r\n",
    "\n",
    "1e9",
    "99999999999999999999",
    "DELIMITER //\n",
    "GO\n",
    "\\.\n",
    "-- migrate: allow(drop-column) reason=\"x\"\n",
    ",",
    ".",
    "*",
    "=",
    "VALUES",
];

/// A small generator of numbers that look random (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn range(&mut self, length: usize) -> Range<usize> {
        let start = self.below(length + 1);
        let end = (start + 1 + self.below(40)).min(length);
        start..end.max(start)
    }
}

/// The input of this number.
pub(crate) fn input(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut random = Random(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let range = random.range(bytes.len());
        match random.below(7) {
            0 => drop(bytes.drain(range)),
            1 => {
                let word = WORDS[random.below(WORDS.len())];
                bytes.splice(range.start..range.start, format!(" {word} ").into_bytes());
            }
            2 => {
                let word = WORDS[random.below(WORDS.len())];
                bytes.splice(range, word.bytes());
            }
            3 => {
                let piece: Vec<u8> = bytes[range.clone()].repeat(1 + random.below(8));
                bytes.splice(range.start..range.start, piece);
            }
            4 => {
                let other = &seeds[random.below(seeds.len())];
                let piece = other[random.range(other.len())].to_vec();
                bytes.splice(range.start..range.start, piece);
            }
            5 => {
                if let Some(byte) = bytes.get_mut(range.start) {
                    *byte = (random.next() & 0x7f) as u8;
                }
            }
            _ => bytes.truncate(range.end.max(1)),
        }
        if bytes.is_empty() {
            bytes.push(b'0');
        }
    }
    bytes
}
