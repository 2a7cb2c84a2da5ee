//! Files of an advisory database, and the versions that are compared with them.
#![no_main]

use cargo_provenance::advisory::{Database, hits, parse};
use cargo_provenance::model::Date;
use libfuzzer_sys::fuzz_target;
use provenance_build::name::{CRATES_IO, Source};
use provenance_build::{PackageId, PackageName, Version};

fuzz_target!(|bytes: &[u8]| {
    let (Some(today), Some(name)) = (Date::parse("2026-01-01"), PackageName::parse("a")) else { return };
    let files = ["crates/a/RUSTSEC-2026-0001.md", "crates/b/a.md", "crates/a", "crates/a/"];
    let parsed = files.into_iter().map(|path| parse(path, Ok(bytes))).collect();
    let database = Database::assemble(parsed, 0, today);
    for version in ["0.0.0-0", "1.0.0", "18446744073709551615.0.0"] {
        let Some(version) = Version::parse(version) else { continue };
        let id = PackageId { name: name.clone(), version, source: Source::parse(CRATES_IO) };
        let found = hits([&database], &id);
        assert!(found.hits.len() <= 1, "one id, one hit");
    }
});
