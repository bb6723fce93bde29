//! Files that lie about what is in them: they take neither memory nor time by it, nor the process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mltrace_core::model::Profile;
use mltrace_core::profile::{Limits, profile};
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use proptest::prelude::*;

use super::written::{Put, Way, optional, write};

/// Notes how much is allocated at most.
struct Noting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Noting = Noting;

#[expect(unsafe_code, reason = "an allocator cannot be written without it")]
// SAFETY: all is done by the system's allocator, which is asked for nothing else than was asked for here.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

/// A struct in Thrift's compact protocol.
#[derive(Default)]
struct Fields {
    bytes: Vec<u8>,
    last: u8,
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

impl Fields {
    fn field(mut self, id: u8, kind: u8, bytes: &[u8]) -> Self {
        self.bytes.push((id - self.last) << 4 | kind);
        self.last = id;
        self.bytes.extend(bytes);
        self
    }

    fn int(self, id: u8, value: i64) -> Self {
        self.field(id, 6, &varint(((value << 1) ^ (value >> 63)) as u64))
    }

    fn text(self, id: u8, text: &str) -> Self {
        self.field(id, 8, &[&varint(text.len() as u64), text.as_bytes()].concat())
    }

    fn inner(self, id: u8, fields: Self) -> Self {
        self.field(id, 12, &fields.end())
    }

    /// A list of structs, of which there are said to be so many.
    fn list(self, id: u8, count: u64, items: &[Vec<u8>]) -> Self {
        self.field(id, 9, &[vec![0xfc], varint(count), items.concat()].concat())
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

fn leaf(physical: i64) -> Vec<u8> {
    Fields::default().int(1, physical).int(3, 1).text(4, "x").end()
}

fn root(children: i64) -> Vec<u8> {
    Fields::default().text(4, "table").int(5, children).end()
}

/// A file of one optional column in one group.
fn file(physical: i64, codec: i64, rows: i64, pages: &[Vec<u8>]) -> Vec<u8> {
    let body = pages.concat();
    let place = Fields::default().int(1, physical).int(4, codec).int(5, rows).int(7, body.len() as i64).int(9, 4);
    let chunk = Fields::default().int(2, 4).inner(3, place).end();
    let group = Fields::default().list(1, 1, &[chunk]).int(2, 1).int(3, rows).end();
    let elements = [root(1), leaf(physical)];
    with(&body, &Fields::default().int(1, 1).list(2, 2, &elements).int(3, rows).list(4, 1, &[group]).end())
}

/// A file with a body and what describes it.
fn with(body: &[u8], description: &[u8]) -> Vec<u8> {
    let length = u32::try_from(description.len()).unwrap().to_le_bytes();
    [b"PAR1", body, description, &length, b"PAR1"].concat()
}

/// A page of the first kind: levels of so many values, all there, and how these are written.
fn page(values: i64, encoding: i64, length: i64, packed: &[u8]) -> Vec<u8> {
    let about = Fields::default().int(1, values).int(2, encoding).int(3, 3).int(4, 3);
    let header = Fields::default().int(1, 0).int(2, length).int(3, packed.len() as i64).inner(5, about).end();
    [header, packed.to_vec()].concat()
}

fn dictionary(values: i64, length: i64, packed: &[u8]) -> Vec<u8> {
    let about = Fields::default().int(1, values).int(2, 0);
    let header = Fields::default().int(1, 2).int(2, length).int(3, packed.len() as i64).inner(7, about).end();
    [header, packed.to_vec()].concat()
}

/// The levels of so many values, each there or not.
fn levels(values: u64, level: u8) -> Vec<u8> {
    let runs = [varint(values << 1), vec![level]].concat();
    [(runs.len() as u32).to_le_bytes().to_vec(), runs].concat()
}

fn plain(values: u64, bytes: &[u8]) -> Vec<u8> {
    let body = [levels(values, 1), bytes.to_vec()].concat();
    page(values as i64, 0, body.len() as i64, &body)
}

const SECOND: Limits = Limits { bytes: 1 << 30, time: Duration::from_secs(1) };

fn read(bytes: &[u8]) -> Option<Profile> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    std::fs::write(&path, bytes).unwrap();
    let begun = Instant::now();
    let found = profile(&path, &SECOND);
    // On a busy machine, of a build that is not optimised.
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let most = MOST.load(Ordering::Relaxed);
    assert!(most < 300 << 20, "{} MiB", most >> 20);
    found
}

#[test]
fn a_file_that_is_made_by_hand_is_read() {
    let found = read(&file(2, 0, 2, &[plain(2, &[7_i64.to_le_bytes(), 9_i64.to_le_bytes()].concat())])).unwrap();
    assert_eq!((found.rows, found.column("x").unwrap().max), (2, Some(9.0)));
}

#[test]
fn a_description_that_says_too_much_is_not_believed() {
    let deep = |depth: usize| {
        let mut elements = vec![root(1)];
        elements.extend((0..depth).map(|_| Fields::default().int(3, 1).text(4, "g").int(5, 1).end()));
        elements.push(leaf(2));
        Fields::default().list(2, elements.len() as u64, &elements).list(4, 0, &[]).end()
    };
    assert!(read(&with(&[], &deep(10))).is_some() && read(&with(&[], &deep(50_000))).is_none());
    let many = i64::from(i32::MAX);
    for description in [
        Fields::default().list(2, 1, &[root(many)]).list(4, 0, &[]).end(),
        Fields::default().list(2, 2, &[root(many), leaf(2)]).list(4, 0, &[]).end(),
        Fields::default().list(2, 1 << 40, &[root(1), leaf(2)]).end(),
        Fields::default().list(2, 2, &[root(1), leaf(2)]).list(4, 1 << 31, &[]).end(),
        Fields::default().list(2, 2, &[root(1), leaf(99)]).list(4, 0, &[]).end(),
        // Very many flags that take no byte, as some would have it, and a text without its end.
        Fields::default().field(14, 9, &[vec![0xf1], varint(1 << 31)].concat()).end(),
        Fields::default().field(14, 8, &varint(1 << 60)).end(),
        // Structs in structs.
        Fields::default().field(14, 12, &[0x1c; 100_000]).end(),
        Vec::new(),
    ] {
        assert!(read(&with(&[], &description)).is_none());
    }
    assert!(read(b"PAR1\xff\xff\xff\xffPAR1").is_none() && read(b"PAR1").is_none() && read(b"").is_none());
}

#[test]
fn a_page_that_is_larger_than_it_says_or_too_large_is_not_unpacked() {
    let zeros = |length: usize| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for _ in 0..length >> 20 {
            packer.write_all(&[0; 1 << 20]).unwrap();
        }
        packer.finish().unwrap()
    };
    let bomb = zeros(1 << 30);
    assert!(read(&file(2, 2, 1, &[page(1, 0, 100, &bomb)])).is_none());
    assert!(read(&file(2, 2, 1, &[page(1, 0, 1 << 30, &bomb)])).is_none());
    assert!(read(&file(2, 2, 1, &[dictionary(1, 32 << 20, &zeros(32 << 20))])).is_none());
    let frame = zstd::bulk::compress(&vec![0; 48 << 20], 1).unwrap();
    assert!(read(&file(2, 6, 1, &[page(1, 0, 100, &frame)])).is_none());
    for (codec, packed) in [(1, vec![0xff, 0xff, 0xff, 0xff, 0x0f]), (5, vec![0xff; 64]), (7, vec![0xff; 64])] {
        assert!(read(&file(2, codec, 1, &[page(1, 0, i64::from(i32::MAX), &packed)])).is_none());
    }
    let at_odds = [plain(2, &[0; 16])].concat();
    assert!(read(&file(2, 99, 2, &[at_odds])).is_none(), "nobody packs like that");
}

#[test]
fn values_that_are_fewer_than_a_page_says_are_not_made_room_for() {
    let delta = |count: u64| [varint(1 << 40), varint(4), varint(count), vec![0, 0, 0, 0, 0, 0]].concat();
    let with_levels = |bytes: Vec<u8>| [levels(2, 1), bytes].concat();
    let lengths = with_levels(delta(1 << 36));
    let both = with_levels([delta(2), delta(1 << 36)].concat());
    for page in [
        vec![
            dictionary(i64::from(i32::MAX), 8, &[0; 8]),
            page(2, 8, i64::try_from(with_levels(vec![1, 4, 0]).len()).unwrap(), &with_levels(vec![1, 4, 0])),
        ],
        vec![page(2, 8, 20, &with_levels(vec![1, 4, 0]))],
        vec![page(2, 6, lengths.len() as i64, &lengths)],
        vec![page(2, 7, both.len() as i64, &both)],
        vec![page(i64::from(i32::MAX), 0, 9, &levels(2, 1))],
        vec![page(-1, 0, 9, &levels(2, 1))],
        vec![plain(2, &[0xff; 5])],
        vec![plain(2, &[])],
    ] {
        assert!(read(&file(6, 0, 2, &page)).is_none());
    }
}

#[test]
fn rows_that_take_no_bytes_take_no_more_time_than_there_is() {
    let rows = i64::from(i32::MAX);
    let none = levels(rows as u64, 0);
    let pages = vec![page(rows, 0, none.len() as i64, &none); 50];
    let found = read(&file(2, 0, 50 * rows, &pages)).unwrap();
    assert!(!found.is_whole && found.rows == 0);
    // A long text, of which each row has the whole by a number.
    let text = vec![b'x'; 15 << 20];
    let entry = [(text.len() as u32).to_le_bytes().to_vec(), text].concat();
    let body = [levels(rows as u64, 1), vec![1], varint((rows as u64) << 1), vec![0]].concat();
    let pages = [dictionary(1, entry.len() as i64, &entry), page(rows, 8, body.len() as i64, &body)];
    let found = read(&file(6, 0, rows, &pages)).unwrap();
    assert!(!found.is_whole && found.rows == 0);
}

fn samples() -> Vec<Vec<u8>> {
    let message = "message table { optional int64 n; optional double x; optional binary name (STRING);
        optional group tags (LIST) { repeated group list { optional binary value (STRING); } } }";
    let ways = [
        Way::default(),
        Way { compression: Compression::SNAPPY, is_second: true, rows_a_page: 20, rows_a_group: 60, ..Way::default() },
        Way {
            has_dictionary: false,
            rows_a_page: 30,
            encodings: vec![
                ("n", Encoding::DELTA_BINARY_PACKED),
                ("x", Encoding::BYTE_STREAM_SPLIT),
                ("name", Encoding::DELTA_BYTE_ARRAY),
                ("tags.list.value", Encoding::DELTA_LENGTH_BYTE_ARRAY),
            ],
            ..Way::default()
        },
    ];
    let some = |n: usize| !n.is_multiple_of(4);
    let list: Put<'_> = Box::new(|writer, rows| {
        let texts = vec![ByteArray::from("tag"); rows.len()];
        let count = rows.len();
        writer.typed::<ByteArrayType>().write_batch(&texts, Some(&vec![3; count]), Some(&vec![0; count])).unwrap();
    });
    let columns = [
        optional::<Int64Type>((0..100).map(|n| some(n).then_some(n as i64 * 7)).collect()),
        optional::<DoubleType>((0..100).map(|n| some(n).then_some(n as f64 / 3.0)).collect()),
        optional::<ByteArrayType>((0..100).map(|n| some(n).then(|| ByteArray::from(&*format!("id-{n}")))).collect()),
        list,
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let written = ways.iter().map(|way| {
        write(&path, message, 100, &columns, way);
        std::fs::read(&path).unwrap()
    });
    written.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..Default::default() })]

    #[test]
    fn a_damaged_file_ends_nothing(
        sample in 0..3_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        thread_local! {
            static SAMPLES: Vec<Vec<u8>> = samples();
        }
        let mut bytes = SAMPLES.with(|samples| samples[sample].clone());
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(found) = read(&bytes) {
            prop_assert!(found.rows <= 1 << 40);
        }
    }
}
