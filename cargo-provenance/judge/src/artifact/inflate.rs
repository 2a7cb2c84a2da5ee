//! Decompresses a section within its budget: one zlib stream, and nothing but padding behind it.

use std::io::Read;

use flate2::bufread::ZlibDecoder;

use super::limits::{INFLATED, PADDING};
use super::{ArtifactError, unreadable};

/// Decompresses the data of a section, and takes its size from the budget.
pub(super) fn inflate(
    section: &'static str,
    bytes: &[u8],
    budget: &mut usize,
) -> Result<Vec<u8>, ArtifactError> {
    let mut decoder = ZlibDecoder::new(bytes);
    let mut data = Vec::new();
    let limit = u64::try_from(*budget).unwrap_or(u64::MAX);
    let read = decoder.by_ref().take(limit).read_to_end(&mut data);
    read.map_err(|_| unreadable(section, "it does not decompress"))?;
    // The end of the stream holds its checksum, which is looked at only when the end is asked for.
    match decoder.read(&mut [0]) {
        Ok(0) => {}
        Ok(_) => {
            let why = format!("it unpacks to more than {} MiB", INFLATED / 1024 / 1024);
            return Err(unreadable(section, why));
        }
        Err(_) => return Err(unreadable(section, "it does not decompress")),
    }
    let rest = decoder.into_inner();
    if rest.len() > PADDING || rest.iter().any(|byte| *byte != 0) {
        // Two programs wrote it, and each reader would see another half.
        return Err(unreadable(section, format!("{} bytes follow its data", rest.len())));
    }
    *budget -= data.len();
    Ok(data)
}
