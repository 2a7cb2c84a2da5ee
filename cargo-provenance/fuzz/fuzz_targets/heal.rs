//! Healing: whatever git left, what comes out is a sound manifest, and none of its bytes are made up.
#![no_main]

use std::path::Path;

use cargo_provenance::merge;
use libfuzzer_sys::fuzz_target;
use provenance_build::Manifest;

fuzz_target!(|text: &str| {
    let file = Path::new("Provenance.lock");
    let Ok(healed) = merge::heal(text, file) else { return };
    let again = healed.manifest.to_text();
    assert_eq!(Manifest::parse(again.as_bytes(), file).expect("sound"), healed.manifest);
    assert_eq!(merge::heal(&again, file).expect("sound").manifest, healed.manifest);
    for pin in &healed.manifest.packages {
        let stands = |line: String| text.lines().any(|it| it == line);
        assert!(stands(format!("name = \"{}\"", pin.name)));
        assert!(stands(format!("tree = \"{}\"", pin.tree)));
        assert!(stands(format!("trust = {{ basis = \"{}\" }}", pin.trust.basis.as_str())) || pin.trust.criteria.is_some()
            || !pin.trust.from.is_empty() || !healed.dropped.is_empty());
    }
});
