//! OpenVEX documents, and whether what they say fits a package.
#![no_main]

use cargo_provenance::vex::{Subject, Vex};
use libfuzzer_sys::fuzz_target;
use provenance_build::{PackageId, PackageName, Version};

fuzz_target!(|bytes: &[u8]| {
    let (Some(name), Some(version)) = (PackageName::parse("a"), Version::parse("1.0.0")) else { return };
    let package = PackageId { name, version, source: None };
    let mut vex = Vex::default();
    if vex.add("x", bytes).is_ok() {
        let ids = ["CVE-2026-1"];
        let subject = Subject { root: None, sha256: None, package: &package, ids: &ids };
        let _ = vex.of(&subject);
        let nothing = Subject { ids: &[], ..subject };
        assert!(vex.of(&nothing).is_none(), "what is called nothing is said of nothing");
    }
});
