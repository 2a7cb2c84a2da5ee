//! What an index says in tests.

/// Cargo's cache of these versions and their lines.
pub(crate) fn write_cache(records: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![3_u8];
    bytes.extend_from_slice(&2_u32.to_le_bytes());
    bytes.extend_from_slice(b"etag: x\0");
    for (version, line) in records {
        bytes.extend_from_slice(format!("{version}\0{line}\0").as_bytes());
    }
    bytes
}

/// A line of an index.
/// A line of an index.
pub(crate) fn line(name: &str, version: &str, byte: &str) -> String {
    let checksum = byte.repeat(32);
    format!(
        r#"{{"name":"{name}","vers":"{version}","deps":[],"cksum":"{checksum}","features":{{}},"yanked":false,"pubtime":"2015-07-08T01:11:24Z"}}"#
    )
}
