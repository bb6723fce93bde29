//! Unpacks the pages of a Parquet file: into as many bytes as the page is said to have, and not one more.

use std::io::Read;

/// Returns what is packed in so many bytes; `None` when it is of another length, or packed in a way that is not known here.
pub(super) fn unpack(codec: i64, packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let unpacked = match codec {
        0 => packed.to_vec(),
        1 => {
            let said = snap::raw::decompress_len(packed).ok()?;
            if said != length {
                return None;
            }
            snap::raw::Decoder::new().decompress_vec(packed).ok()?
        }
        2 => {
            let mut unpacked = Vec::new();
            let most = u64::try_from(length).ok()?.saturating_add(1);
            flate2::read::MultiGzDecoder::new(packed).take(most).read_to_end(&mut unpacked).ok()?;
            unpacked
        }
        5 => match framed(packed, length) {
            Some(unpacked) if unpacked.len() == length => unpacked,
            // Some writers leave the lengths out.
            _ => lz4_flex::block::decompress(packed, length).ok()?,
        },
        6 => zstd::bulk::decompress(packed, length).ok()?,
        7 => lz4_flex::block::decompress(packed, length).ok()?,
        _ => return None,
    };
    (unpacked.len() == length).then_some(unpacked)
}

/// Unpacks what Hadoop calls LZ4: blocks, each behind its two lengths.
fn framed(mut packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    while !packed.is_empty() {
        let (whole, rest) = packed.split_first_chunk::<4>()?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        let whole = usize::try_from(u32::from_be_bytes(*whole)).ok()?;
        let (block, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*size)).ok()?)?;
        if whole > length.checked_sub(unpacked.len())? {
            return None;
        }
        unpacked.extend(lz4_flex::block::decompress(block, whole).ok()?);
        packed = rest;
    }
    Some(unpacked)
}
