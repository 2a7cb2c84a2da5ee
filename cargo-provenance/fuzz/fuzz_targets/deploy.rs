//! `deploy.toml` and bundles of attestations: no bytes make the readers panic, and none that nobody signed let an artifact in.
#![no_main]

use std::path::Path;

use cargo_provenance::attest::digests::DigestSet;
use cargo_provenance::deploy::{DeployPolicy, Evidence, judge};
use libfuzzer_sys::fuzz_target;
use provenance_build::Moment;

const POLICY: &str = "version = 1\n[[root]]\nkey = \"k ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\"\n\
                      builder = \"https://example.org/b\"\n[[artifact]]\nname = \"a\"\nrequire = [\"sbom\"]\n";

fuzz_target!(|bytes: &[u8]| {
    let file = Path::new("deploy.toml");
    let policies = [DeployPolicy::parse(bytes, file), DeployPolicy::parse(POLICY.as_bytes(), file)];
    for policy in policies.into_iter().flatten() {
        let mut evidence = Evidence::default();
        let _ = evidence.add(Path::new("bundle"), bytes, &policy);
        let digests = DigestSet::of("sha256", "0".repeat(64));
        for artifact in &policy.artifacts {
            assert!(!judge(artifact, &policy, &digests, &evidence.claims, Moment(0)).passes());
        }
    }
});
