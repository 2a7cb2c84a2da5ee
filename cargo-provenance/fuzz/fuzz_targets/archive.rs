//! `.crate` archives: any bytes, and the same bytes as the tar inside a well-formed gzip.
#![no_main]

use std::io::Write;

use cargo_provenance::archive;
use cargo_provenance::model::LicenseExpression;
use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use provenance_build::{PackageId, PackageName, Version};

fuzz_target!(|bytes: &[u8]| {
    let (Some(name), Some(version)) = (PackageName::parse("a"), Version::parse("1.0.0")) else { return };
    let id = PackageId { name, version, source: None };
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("written to memory");
    let packed = packed.finish().expect("written to memory");
    for bytes in [bytes, &packed] {
        let Ok(archive) = archive::read(bytes, &id) else { continue };
        let tree = archive.tree();
        for file in archive.files() {
            assert!(!file.path.split('/').any(|part| matches!(part, "" | "." | "..")));
            assert!(archive.file(file.path).is_some());
        }
        let _ = tree.map(|tree| tree.digest());
        let _ = (archive.declared(), archive.original(None), archive.vcs());
        if let Some(license) = &archive.license().expression {
            let _ = LicenseExpression::parse(license).map(|it| (it.names(), it.sufficient()));
        }
    }
});
