//! Real data that the project does not carry: package names of the advisory database, TOML of published audit sets.

use std::path::PathBuf;

use provenance_build::{PackageName, toml};

/// The folder with the data; without it the tests say so and pass, and `.ci/run` does not start.
#[expect(clippy::print_stderr, reason = "a test that reads nothing must say so")]
pub(crate) fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("PROVENANCE_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: PROVENANCE_TEST_DATA is not set, real data was not read");
    }
    folder
}

#[test]
fn every_package_of_the_advisory_database_has_an_acceptable_name() {
    let Some(data) = data() else { return };
    let mut names = 0;
    for entry in std::fs::read_dir(data.join("advisory-db/crates")).expect("the database") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        assert!(PackageName::parse(&name).is_some(), "`{name}`");
        names += 1;
    }
    assert!(names > 500, "only {names} packages: is this the database?");
}

#[test]
fn published_audit_sets_are_toml_that_can_be_read() {
    let Some(data) = data() else { return };
    for entry in std::fs::read_dir(data.join("audits")).expect("the audit sets") {
        let file = entry.expect("an entry").path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            let text = toml::read(&file).expect("text");
            let table = toml::parse(&text, &file).expect("TOML");
            assert!(table.contains_key("audits"), "{}", file.display());
        }
    }
}
