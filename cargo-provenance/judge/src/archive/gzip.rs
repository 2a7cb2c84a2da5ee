//! Decompresses within a budget: one gzip member, nothing behind it.

use std::io::Read;

use flate2::bufread::GzDecoder;

use super::fault::{Fault, Faults};
use super::limits::Limits;

/// So many bytes are decompressed at once: what is summed up is still in the processor's cache.
const CHUNK: usize = 64 * 1024;

/// Decompresses `bytes`. Bytes behind the member are a fault, but what they follow is still returned.
pub(super) fn inflate(bytes: &[u8], limits: &Limits, faults: &mut Faults) -> Result<Vec<u8>, Fault> {
    let mut decoder = GzDecoder::new(bytes);
    let mut data = vec![0; announced(bytes).min(limits.unpacked)];
    let mut total = 0;
    loop {
        if data.len() == total {
            data.resize(total + CHUNK, 0);
        }
        let until = data.len().min(total + CHUNK);
        let read = decoder.read(&mut data[total..until]).map_err(|error| {
            Fault::new("archive-malformed", format!("it does not decompress: {}", error_text(&error)))
        })?;
        if read == 0 {
            break;
        }
        total += read;
        if total > limits.unpacked {
            return Err(Fault::new(
                "archive-bomb",
                format!("it unpacks to more than {} MiB", limits.unpacked / 1024 / 1024),
            ));
        }
        if total > limits.ratio_floor && total / limits.ratio > bytes.len() {
            return Err(Fault::new(
                "archive-bomb",
                format!("it unpacks to more than {} times its size", limits.ratio),
            ));
        }
    }
    data.truncate(total);
    let rest = decoder.into_inner();
    if rest.starts_with(&[0x1f, 0x8b]) {
        faults.push(Fault::new("archive-trailing", "a second gzip member follows the first"));
    } else if !rest.is_empty() {
        let count = rest.len();
        faults.push(Fault::new("archive-trailing", format!("{count} bytes follow the compressed data")));
    }
    Ok(data)
}

// The last four bytes of a member are the unpacked length modulo 2^32 (RFC 1952 §2.3.1). A hint for the allocation
// only, and held against what the packed bytes could honestly become.
fn announced(bytes: &[u8]) -> usize {
    let length = bytes.last_chunk::<4>().map_or(0, |last| u32::from_le_bytes(*last));
    usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len().saturating_mul(32))
}

fn error_text(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it is cut off".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).expect("memory");
        encoder.finish().expect("memory")
    }

    fn check(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, &'static str> {
        let mut faults = Faults::new(limits);
        let data = inflate(bytes, limits, &mut faults).map_err(|fault| fault.check)?;
        faults.into_vec().first().map_or(Ok(data), |fault| Err(fault.check))
    }

    #[test]
    fn a_bomb_is_stopped_at_the_budget() {
        let zeros = gzip(&vec![0; 3 << 20]);
        assert_eq!(check(&zeros, &Limits::DEFAULT).map(|data| data.len()), Ok(3 << 20));
        let size = Limits { unpacked: (3 << 20) - 1, ..Limits::DEFAULT };
        assert_eq!(check(&zeros, &size), Err("archive-bomb"));
        let ratio = Limits { ratio_floor: 1 << 20, ..Limits::DEFAULT };
        assert_eq!(check(&zeros, &ratio), Err("archive-bomb"));
    }

    #[test]
    fn nothing_may_follow_the_first_member() {
        let one = gzip(b"one");
        assert_eq!(check(&[one.clone(), one.clone()].concat(), &Limits::DEFAULT), Err("archive-trailing"));
        assert_eq!(check(&[&one[..], b"\0"].concat(), &Limits::DEFAULT), Err("archive-trailing"));
    }

    #[test]
    fn damage_is_refused() {
        let mut bytes = gzip(b"some text that is long enough to be compressed");
        for length in 0..bytes.len() {
            assert_eq!(check(&bytes[..length], &Limits::DEFAULT), Err("archive-malformed"), "{length}");
        }
        let crc = bytes.len() - 8;
        bytes[crc] ^= 1;
        assert_eq!(check(&bytes, &Limits::DEFAULT), Err("archive-malformed"));
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(data in proptest::collection::vec(any::<u8>(), 0..5_000)) {
            prop_assert_eq!(check(&gzip(&data), &Limits::DEFAULT), Ok(data));
        }
    }
}
