//! Makes and breaks inputs by chance, the same ones for the same seed.

/// What breaks parsers: edges of numbers, of text and of the formats at hand.
const TOKENS: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\xff\xff\xff\xff",
    b"\xf5\xff",
    b"\x00\x00\x00\x80",
    b"\xc3\x28",
    b"\xef\xbb\xbf",
    b"\"",
    b"\\ud800",
    b"-1",
    b"9223372036854775808",
    b"1e400",
    b"null",
    b"[[[[",
    b"{}",
    b"@",
    b"none",
    b"w:",
    b"b3:",
    b"9999-12-31T23:59:59.999999Z",
    b"0000-01-01T00:00:00Z",
    b"+23:59",
    b"://",
    b"%25",
    b"../",
    "\u{202e}é\u{0}".as_bytes(),
];

/// A source of chance.
pub(crate) struct Mutator(u64);

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % end.max(1)
    }

    pub(crate) fn pick<'t, T: ?Sized>(&mut self, among: &[&'t T]) -> &'t T {
        among[self.below(among.len())]
    }

    /// Returns one of `seeds`, broken in a few places, or bytes out of nothing.
    pub(crate) fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = match self.below(20) {
            0 => (0..self.below(64)).map(|_| self.byte()).collect(),
            _ => seeds[self.below(seeds.len())].clone(),
        };
        for _ in 0..=self.below(5) {
            self.break_one(&mut bytes, seeds);
        }
        bytes
    }

    /// Breaks a byte that is not zero: where a file holds something.
    pub(crate) fn flip(&mut self, bytes: &mut [u8]) {
        let from = self.below(bytes.len());
        let bit = self.below(8);
        bytes[from..].iter_mut().find(|byte| **byte != 0).into_iter().for_each(|byte| *byte ^= 1 << bit);
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn break_one(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let from = self.below(bytes.len() + 1);
        let to = (from + 1 + self.below(40)).min(bytes.len());
        match self.below(9) {
            0 | 1 => bytes[from..].iter_mut().take(1).for_each(|byte| *byte ^= 1 << self.below(8)),
            2 => bytes[from..].iter_mut().take(1).for_each(|byte| *byte = self.byte()),
            3 => drop(bytes.drain(from..to)),
            4 => bytes.truncate(from),
            5 => drop(bytes.splice(from..from, bytes[from..to].to_vec())),
            6 => drop(bytes.splice(from..from, self.pick(TOKENS).iter().copied())),
            7 => bytes[from..to].fill(0),
            _ => {
                let other = &seeds[self.below(seeds.len())];
                let start = self.below(other.len() + 1);
                let end = (start + 1 + self.below(200)).min(other.len());
                bytes.splice(from..to, other[start..end].iter().copied());
            }
        }
    }
}
