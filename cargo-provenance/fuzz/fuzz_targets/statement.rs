//! In-toto statements, SLSA provenance and build records.
#![no_main]

use cargo_provenance::attest::provenance::Provenance;
use cargo_provenance::attest::record::Record;
use cargo_provenance::attest::statement::Statement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(statement) = Statement::read(bytes) {
        assert!(statement.subject.iter().all(|subject| !subject.digest.is_empty()));
        if let Ok(provenance) = Provenance::of(&statement) {
            let again = provenance.about(statement.subject.clone());
            assert_eq!(Provenance::of(&again), Ok(provenance));
        }
        assert_eq!(Statement::read(&statement.to_bytes()), Ok(statement));
    }
    if let Ok(record) = Record::read(bytes) {
        assert!(record.artifacts.iter().all(|artifact| !artifact.path.split('/').any(|part| part == "..")));
    }
});
